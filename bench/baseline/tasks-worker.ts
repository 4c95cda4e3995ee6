/** The thread of tasks.ts. */
import { parentPort } from 'node:worker_threads';

parentPort!.on('message', ([id, value]: [number, number]) => {
  parentPort!.postMessage([id, value]);
});
