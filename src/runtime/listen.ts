import { startServer, type Server, type ServerOptions } from '../outputs/http-server.ts';
import type { LoadedConfig } from './config.ts';
import type { EdgeBindOptions } from './edgebind-options.ts';
import { configPath } from './senses.ts';

/** Opens the door of a run where its config says, over TLS where it says so. */
export function listen(
  { config, folder }: Pick<LoadedConfig, 'config' | 'folder'>,
  options: EdgeBindOptions,
  parts: Pick<ServerOptions, 'hub' | 'clock' | 'log' | 'ledger' | 'collapsed' | 'isModelRefused' | 'api'>,
): Promise<Server> {
  const { host, port, token, tls } = config.listen;
  return startServer({
    host,
    port: options.port ?? port,
    ...(token !== undefined && { token }),
    ...(tls && { tls: { cert: configPath(folder, tls.cert), key: configPath(folder, tls.key) } }),
    ...(options.dashboardDir !== undefined && { dashboardDir: options.dashboardDir }),
    ...parts,
  });
}
