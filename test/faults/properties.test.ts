/** Properties with all of their runs; beside the other tests they have a tenth (test/runs.ts). */
import '../jose/mended-keys.test.js';
import '../policy/validate.test.js';
import '../properties.test.js';
import '../server/hostile.test.js';
import '../token/find-token.properties.test.js';
