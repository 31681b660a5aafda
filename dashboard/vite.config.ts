import { defineConfig, type UserConfig } from 'vite';

/**
 * The dashboard as static files in dist/dashboard: everything from the same origin, nothing inline, so that it works without a
 * network and under `Content-Security-Policy: default-src 'self'`.
 */
export default defineConfig(async ({ command }): Promise<UserConfig> => ({
  root: import.meta.dirname,
  base: './',
  build: {
    outDir: '../dist/dashboard',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  // `npx vite dashboard --config dashboard/vite.config.ts` serves the page with made-up sensors, for work on the page alone.
  plugins: command === 'serve' ? [(await import('./dev/fake-server.ts')).fakeServer()] : [],
}));
