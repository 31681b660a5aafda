import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['{src,pipelines,devices,dashboard/src}/**/*.test.ts'], testTimeout: 20_000 } },
      // System tests start real brokers, pseudo terminals, ffmpeg and browsers: one file at a time on small machines.
      { test: { name: 'system', include: ['test/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 120_000, fileParallelism: false } },
    ],
  },
});
