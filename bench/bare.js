/**
 * What node:crypto itself reaches with nothing around it: RS256 signatures made or checked in a loop, in as many threads as
 * asked for, each with its own copy of the key. No JWT tool in Node can be faster. A program of its own, as a batch is:
 * `node bench/bare.js verify|issue THREADS SECONDS` prints operations a second, of the clock and (of one thread) of the
 * processor: {clock, processor}.
 */
import { createPrivateKey, createPublicKey, createSign, createVerify, generateKeyPairSync } from 'node:crypto';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

/** As long as what is signed of a token in the batch. */
const input = 'x'.repeat(306);

if (isMainThread) {
  const [kind, threads, seconds] = process.argv.slice(2);
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const job = { kind, seconds: Number(seconds), privateKey, publicKey };
  const rates = await Promise.all(Array.from({ length: Number(threads) }, () => measureIn(job)));
  const clock = rates.reduce((sum, rate) => sum + rate.clock, 0);
  console.log(JSON.stringify({ clock, processor: rates[0].processor }));
} else {
  const { kind, seconds, privateKey, publicKey } = workerData;
  const [signing, verifying] = [createPrivateKey(privateKey), createPublicKey(publicKey)];
  const signature = createSign('sha256').update(input, 'latin1').sign(signing);
  const work =
    kind === 'verify'
      ? () => createVerify('sha256').update(input, 'latin1').verify(verifying, signature)
      : () => createSign('sha256').update(input, 'latin1').sign(signing);
  const before = process.cpuUsage();
  const start = performance.now();
  let count = 0;
  for (; performance.now() < start + seconds * 1000; count++) work();
  const { user, system } = process.cpuUsage(before);
  parentPort.postMessage({
    clock: (count * 1000) / (performance.now() - start),
    processor: (count * 1e6) / (user + system),
  });
}

function measureIn(job) {
  return new Promise((resolve, reject) => {
    new Worker(new URL(import.meta.url), { workerData: job }).on('message', resolve).on('error', reject);
  });
}
