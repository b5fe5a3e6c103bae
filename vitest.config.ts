import { defineConfig } from 'vitest/config';

// Two projects: `unit` runs beside the code and touches no database; `integration` shares one embedded PostgreSQL.
const withoutDatabase = ['test/conformance/**/*.spec.ts', 'test/fuzz/**/*.spec.ts'];

export default defineConfig({
  resolve: { tsconfigPaths: true },
  test: {
    setupFiles: ['reflect-metadata'],
    // most of what integration tests do is wait for processes and databases: no core is kept back
    maxWorkers: '100%',
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['apps/**/*.spec.ts', 'libs/**/*.spec.ts', ...withoutDatabase],
          // Files share the modules that they import, which halves what they cost: no test may leave anything behind in one, `vi.mock` least
          // of all (`withCrypto` of libs/testkit puts back what it replaces).
          isolate: false,
          // the slowest takes three seconds where others work at the same time
          testTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/**/*.spec.ts'],
          exclude: withoutDatabase,
          globalSetup: ['./test/global-setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
