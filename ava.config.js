export default {
  files: ['{core,jobs,connectors,bench,datasets}/**/*.test.ts'],
  nodeArguments: ['--enable-source-maps'],
  // A test that aborts, signals or exits must not take the run down with it.
  workerThreads: false,
  concurrency: 2,
  timeout: '4m',
  typescript: {
    compile: false,
    rewritePaths: {
      'core/': 'dist/core/',
      'jobs/': 'dist/jobs/',
      'connectors/': 'dist/connectors/',
      'bench/': 'dist/bench/',
      'datasets/': 'dist/datasets/',
    },
  },
};
