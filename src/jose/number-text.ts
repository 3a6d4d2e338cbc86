/** A number by its text, where JSON.stringify would write the JavaScript number differently. */
export class NumberText {
  // Private, so that no path through a value finds a member inside a number.
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  valueOf(): number {
    return Number(this.#text);
  }

  toString(): string {
    return this.#text;
  }
}
