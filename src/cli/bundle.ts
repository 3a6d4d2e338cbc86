/** What the launcher needs of the bundled command line. */

export { run } from './main.js';
export { processIo } from './terminal/process-io.js';
