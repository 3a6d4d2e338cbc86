/** How often a property is tried: all of the runs in `npm run test:faults`, a tenth of them beside the other tests. */
import { inject } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    isThorough: boolean;
  }
}

/** The runs of a property, of which at least 20 are done. */
export function runs(all: number): number {
  return inject('isThorough') ? all : Math.min(all, Math.max(20, Math.ceil(all / 20)));
}
