import { register } from './after-file.js';

register();
