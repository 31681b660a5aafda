// npm run build: installs what is missing, compiles, bundles the dashboard.
import { build, installModules, requireNode } from './steps.mjs';

requireNode();
installModules();
build();
