/** What the launcher needs of the bundled command line. */
export { processIo } from './io.js';
export { run } from './main.js';
