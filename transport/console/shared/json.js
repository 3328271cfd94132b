// JSON as people read it.

import { el } from "./dom.js";

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/**
 * Lays JSON out in lines and colours. It works on the text itself, not on a parsed value: numbers
 * that JavaScript would round and members it would reorder are shown as they came.
 */
export function pretty(json) {
  const nodes = [];
  const tokens = json.match(TOKEN) ?? [];
  let indent = "\n";
  tokens.forEach((token, i) => {
    const next = tokens[i + 1];
    if (token === "{" || token === "[") {
      if (next === "}" || next === "]") return nodes.push(token);
      indent += "  ";
      nodes.push(token + indent);
    } else if (token === "}" || token === "]") {
      if (tokens[i - 1] === "{" || tokens[i - 1] === "[") return nodes.push(token);
      indent = indent.slice(0, -2);
      nodes.push(indent + token);
    } else if (token === ",") nodes.push("," + indent);
    else if (token === ":") nodes.push(": ");
    else nodes.push(el("span", { class: next === ":" ? "j-name" : token[0] === '"' ? "j-text" : "j-value" }, token));
  });
  return nodes;
}
