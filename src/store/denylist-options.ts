/** How a denylist is opened and watched, whatever store holds it. */

/** How to open a denylist. */
export interface OpenDenylistOptions {
  /**
   * `read` asks, `update` asks and records, `write` also makes the store. Without a store, `read` and `update` find nothing revoked
   * until somebody makes one, and `update` cannot record.
   */
  mode: 'read' | 'update' | 'write';
  /** Returns the time as a NumericDate, for the removal of expired entries. */
  now: () => number;
}

/** How a process that runs for long watches its store. */
export interface StoreWatch {
  /** Takes a note for the operator, one line. */
  readonly note?: ((text: string) => void) | undefined;
  /** The markers that other processes of the same service have seen, by key. A store without its marker lost its entries. */
  readonly markers?: ReadonlyMap<string, string> | undefined;
  /** Takes each marker that this process relies on from now on. */
  readonly onMarker?: ((key: string, value: string) => void) | undefined;
  /** Milliseconds between two looks at the eviction policy of Redis. */
  readonly interval?: number | undefined;
}
