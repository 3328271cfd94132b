// JSON texts that are read where they are asked for, so that what is only shown, or handed on, stays as it was
// written. JSON.parse rounds numbers beyond 2^53 and those of more than 17 digits, makes 1.0 of 1, and puts
// members first whose names look like numbers.

/** A JSON text. */
export class Raw {
  #text;
  #parts; // [name or index, Raw]

  /** text must be valid JSON; typed() checks one that may not be. */
  constructor(text) {
    this.#text = text;
  }

  /** The text as it came. */
  get text() {
    return this.#text;
  }

  /** What JSON.parse reads in it. */
  get value() {
    return JSON.parse(this.#text);
  }

  /** A member of an object or an element of an array, as Raw; undefined if there is none. */
  get(name) {
    return this.#all().find(([own]) => own === name)?.[1];
  }

  /** The elements of an array, each as Raw; none of anything else. */
  items() {
    return this.#all().filter(([own]) => typeof own === "number").map(([, raw]) => raw);
  }

  #all() {
    return (this.#parts ??= split(this.#text));
  }
}

/**
 * Writes an object in one line: a member that is a Raw as it is, others as JSON.stringify does, and one that is
 * undefined not at all.
 */
export function write(members) {
  const written = Object.entries(members).filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${JSON.stringify(name)}:${value instanceof Raw ? value.text : JSON.stringify(value)}`);
  return `{${written.join(",")}}`;
}

const SPACE = new Set(" \t\n\r");

// Splits an object or an array into its parts, and goes no deeper: depth costs nothing but a count.
function split(text) {
  const parts = [];
  let i = skip(text, 0);
  const named = text[i] === "{";
  if (!named && text[i] !== "[") return parts;
  for (i = skip(text, i + 1); i < text.length && text[i] !== "}" && text[i] !== "]";) {
    let name = parts.length;
    if (named) {
      const end = endOfString(text, i);
      name = JSON.parse(text.slice(i, end));
      i = skip(text, skip(text, end) + 1); // behind the colon
    }
    const end = endOfValue(text, i);
    parts.push([name, new Raw(text.slice(i, end).trimEnd())]);
    i = skip(text, text[end] === "," ? end + 1 : end);
  }
  return parts;
}

function skip(text, i) {
  while (SPACE.has(text[i])) i++;
  return i;
}

// The place behind the string that begins at i.
function endOfString(text, i) {
  for (i++; i < text.length && text[i] !== '"'; i++) if (text[i] === "\\") i++;
  return i + 1;
}

// The place of the comma or the bracket that ends the value at i.
function endOfValue(text, i) {
  let depth = 0;
  for (; i < text.length; i++) {
    const c = text[i];
    if (c === '"') i = endOfString(text, i) - 1;
    else if (c === "{" || c === "[") depth++;
    else if (c === "}" || c === "]") {
      if (depth === 0) return i;
      depth--;
    } else if (c === "," && depth === 0) return i;
  }
  return i;
}
