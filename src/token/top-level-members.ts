/** The members of a JSON object in the order of their text, also those whose name is there twice. */

/** Returns each name with the text of its value. The text must be one that JSON.parse reads as an object. */
export function topLevelMembers(json: string): (readonly [name: string, value: string])[] {
  const members: (readonly [string, string])[] = [];
  let depth = 0;
  let name: string | undefined;
  let start = 0;
  const finish = (at: number) => {
    if (name !== undefined) members.push([name, json.slice(start, at).trim()]);
    name = undefined;
  };
  for (let at = 0; at < json.length; at++) {
    const char = json[at];
    if (char === '"') {
      const begin = at++;
      while (json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
      if (depth === 1 && name === undefined) name = JSON.parse(json.slice(begin, at + 1)) as string;
    } else if (char === '{' || char === '[') depth++;
    else if (char === '}' || char === ']') {
      depth--;
      if (depth === 0) finish(at);
    } else if (depth !== 1) continue;
    else if (char === ',') finish(at);
    else if (char === ':') start = at + 1;
  }
  return members;
}
