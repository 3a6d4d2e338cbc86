/** Clients that count: over plain sockets, so that it is known of each request whether it was sent, and whether all of its answer came. */
import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/** A whole answer. */
export interface Answer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Milliseconds from the request. */
  readonly took: number;
}

/** What is sent; built anew for each request. */
export interface Asking {
  readonly method?: 'GET' | 'POST';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly form?: Readonly<Record<string, string>>;
}

/** The bytes of a request. */
function formatRequest({ method = 'GET', path, headers = {}, form }: Asking, more: readonly string[] = []): string {
  const body = form === undefined ? '' : String(new URLSearchParams(form));
  const lines = [
    `${form === undefined ? method : 'POST'} ${path} HTTP/1.1`,
    'host: localhost',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(form === undefined
      ? []
      : ['content-type: application/x-www-form-urlencoded', `content-length: ${body.length}`]),
    ...more,
  ];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

/** One connection, on which one request is asked after the other. */
export class Connection {
  readonly socket: Socket;
  /** Whether nothing can be asked any more. */
  isOver = false;
  #received = '';
  #look: () => void = () => {};
  #problem = 'ended';

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('latin1').setNoDelay();
    socket.on('data', (text: string) => {
      this.#received += text;
      this.#look();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#problem = error.code ?? error.message;
    });
    socket.on('close', () => {
      this.isOver = true;
      this.#look();
    });
    socket.on('end', () => {
      this.isOver = true;
      this.#look();
    });
  }

  /** Opens a connection; rejects with the system's error where there is none to be had. */
  static open(url: string): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const { hostname, port } = new URL(url);
      const socket = connect({ host: hostname, port: Number(port) });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new Connection(socket));
      });
    });
  }

  /** Sends bytes and resolves to the whole answer to them; rejects where the connection ends before, or nothing comes in 30 s. */
  ask(bytes: string): Promise<Answer> {
    const start = performance.now();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => finish(() => reject(new Error('no answer within 30 s'))), 30_000);
      const finish = (settle: () => void) => {
        clearTimeout(timer);
        this.#look = () => {};
        settle();
      };
      this.#look = () => {
        const answer = this.#takeAnswer(start);
        if (answer !== undefined) finish(() => resolve(answer));
        else if (this.isOver) {
          const part = this.#received === '' ? 'nothing' : `${this.#received.length} bytes`;
          finish(() => reject(new Error(`${this.#problem} after ${part} of an answer`)));
        }
      };
      this.socket.write(bytes, 'latin1');
      this.#look();
    });
  }

  #takeAnswer(start: number): Answer | undefined {
    const end = this.#received.indexOf('\r\n\r\n');
    if (end < 0) return undefined;
    const [first = '', ...lines] = this.#received.slice(0, end).split('\r\n');
    const headers = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
    );
    const length = Number(headers['content-length'] ?? 0);
    if (this.#received.length < end + 4 + length) return undefined;
    const body = this.#received.slice(end + 4, end + 4 + length);
    this.#received = this.#received.slice(end + 4 + length);
    if (headers.connection === 'close') this.isOver = true;
    return { status: Number(first.split(' ')[1]), headers, body, took: performance.now() - start };
  }

  close(): void {
    this.socket.destroy();
  }
}

/** How clients ask. */
export interface LoadOptions {
  readonly clients: number;
  /** Whether each request has a connection of its own. */
  readonly isFresh?: boolean;
  /** Milliseconds between an answer and the next request. */
  readonly pause?: number;
  /** Called with each answer, and what it answers. */
  readonly onAnswer?: (answer: Answer, asking: Asking) => void;
}

/** Clients at work. */
export interface Load {
  /** Answers by status. */
  readonly counts: Map<number, number>;
  /** Requests that were sent and got no whole answer, each with the reason. */
  readonly failures: string[];
  /** Connections that were not to be had, each with the reason. */
  readonly refusals: string[];
  /** Milliseconds of each answer. */
  readonly waits: number[];
  readonly total: number;
  /** Lets each client end after the answer that it waits for. */
  stop(): Promise<void>;
}

/** Starts clients that ask without end, each one request after the other. */
export function startLoad(
  url: string,
  next: () => Asking,
  { clients, isFresh = false, pause = 0, onAnswer }: LoadOptions,
): Load {
  const counts = new Map<number, number>();
  const failures: string[] = [];
  const refusals: string[] = [];
  const waits: number[] = [];
  let isStopping = false;
  const client = async () => {
    let connection: Connection | undefined;
    while (!isStopping) {
      if (connection === undefined || connection.isOver || isFresh) {
        connection?.close();
        try {
          connection = await Connection.open(url);
        } catch (error) {
          refusals.push((error as NodeJS.ErrnoException).code ?? String(error));
          // A refused client does not try again: it would take time from the others.
          await wait(50);
          continue;
        }
      }
      const asking = next();
      try {
        const answer = await connection.ask(formatRequest(asking, isFresh ? ['connection: close'] : []));
        counts.set(answer.status, (counts.get(answer.status) ?? 0) + 1);
        waits.push(answer.took);
        onAnswer?.(answer, asking);
      } catch (error) {
        failures.push((error as Error).message);
        connection.close();
        connection = undefined;
      }
      if (pause > 0) await wait(pause);
    }
    connection?.close();
  };
  const done = Promise.all(Array.from({ length: clients }, client));
  return {
    counts,
    failures,
    refusals,
    waits,
    get total() {
      return waits.length;
    },
    stop: async () => {
      isStopping = true;
      await done;
    },
  };
}
