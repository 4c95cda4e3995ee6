/** The entry of worker threads. */
import { parentPort, workerData } from 'node:worker_threads';
import type { ThreadData } from './cluster/threads.ts';
import { startWorker } from './exec/worker.ts';

startWorker(parentPort!, workerData as ThreadData);
