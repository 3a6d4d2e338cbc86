/** A module's default export as a target. It runs in a thread of its own, which a time limit can end. */
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { JwtkitError } from '../errors.js';
import { type Answer, askLimit, noAnswer, type Target, toDetail } from './target.js';

/** What the thread runs: it loads the module, and asks its default export about each token. `false` refuses, as an error does. */
const program = `
const { parentPort, workerData } = require('node:worker_threads');
const loaded = import(workerData).then((found) => {
  if (typeof found.default !== 'function') throw new TypeError('its default export is no function');
  return found.default;
});
loaded.then(
  () => parentPort.postMessage({ loaded: true }),
  (error) => parentPort.postMessage({ problem: String(error?.message ?? error) }),
);
parentPort.on('message', async (token) => {
  try {
    const verify = await loaded;
    const result = await verify(token);
    parentPort.postMessage({ accepted: result !== false, detail: result === false ? 'it returned false' : 'it returned' });
  } catch (error) {
    parentPort.postMessage({ accepted: false, detail: String(error?.message ?? error) });
  }
});
`;

interface Message {
  readonly loaded?: boolean;
  readonly problem?: string;
  readonly accepted?: boolean;
  readonly detail?: string;
}

/**
 * Opens a module by its path.
 * @throws {JwtkitError} FILE_NOT_READABLE if it cannot be loaded, or exports no function by default.
 */
export async function moduleTarget(path: string): Promise<Target> {
  const name = `module:${path}`;
  const href = pathToFileURL(path).href;
  let worker = await openThread(href, name);
  return {
    name,
    ask: async (token) => {
      const answer = await askThread(worker, token);
      if (answer.verdict !== 'unclear') return answer;
      await worker.terminate();
      worker = await openThread(href, name);
      return answer;
    },
    close: async () => {
      await worker.terminate();
    },
  };
}

async function openThread(href: string, name: string): Promise<Worker> {
  // What the module prints is not shown: stdout is for the report.
  const worker = new Worker(program, { eval: true, workerData: href, stdout: true, stderr: true });
  const first = await nextMessage(worker);
  if (first?.loaded === true) return worker;
  await worker.terminate();
  const problem = first?.problem ?? 'it takes too long, or ends the process';
  throw new JwtkitError('FILE_NOT_READABLE', `cannot load ${name}: ${toDetail(problem)}`);
}

async function askThread(worker: Worker, token: string): Promise<Answer> {
  const answered = nextMessage(worker);
  worker.postMessage(token);
  const message = await answered;
  if (message === undefined) return noAnswer;
  return { verdict: message.accepted === true ? 'accepted' : 'refused', detail: toDetail(message.detail ?? '') };
}

/** Waits for a message; undefined if the thread ends or takes too long. */
function nextMessage(worker: Worker): Promise<Message | undefined> {
  return new Promise((resolve) => {
    const finish = (message?: Message) => {
      clearTimeout(timer);
      worker.off('message', finish).off('exit', gone).off('error', gone);
      resolve(message);
    };
    const gone = () => finish();
    const timer = setTimeout(gone, askLimit);
    worker.on('message', finish).on('exit', gone).on('error', gone);
  });
}
