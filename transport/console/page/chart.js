// One small chart: a line over the last two minutes, with its value now.

import { el } from "./dom.js";

const WIDTH = 240;
const HEIGHT = 56;

function shape(tag, attributes) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

export class Chart {
  #values = []; // oldest first; null where nothing is known
  #size;
  #show;
  #now = el("p", { class: "chart-now" }, "–");
  #peak = el("p", { class: "chart-peak" });
  #area = shape("path", { class: "chart-area" });
  #line = shape("path", { class: "chart-line" });
  #svg = shape("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" });

  /** size is how many values it keeps; show makes text of one. */
  constructor(id, title, size, show) {
    this.title = title;
    this.#size = size;
    this.#show = show;
    this.#svg.append(this.#area, this.#line);
    this.node = el("figure", { class: "card chart", id: `chart-${id}` }, el("figcaption", {}, title), this.#now, this.#peak, this.#svg);
  }

  add(value) {
    this.#values.push(value);
    if (this.#values.length > this.#size) this.#values.shift();
    const known = this.#values.filter((v) => v !== null);
    const peak = Math.max(0, ...known);
    this.node.dataset.points = known.length;
    this.node.dataset.peak = peak;
    this.#now.textContent = value === null ? "–" : this.#show(value);
    this.#peak.textContent = known.length ? `peak ${this.#show(peak)}` : "";
    this.#svg.setAttribute("aria-label", `${this.title}: now ${this.#now.textContent}, peak ${this.#show(peak)}`);
    this.#draw(peak);
  }

  // Values stand at the right end, so that a new chart grows from there; a gap breaks the line.
  #draw(peak) {
    const x = (i) => WIDTH - ((this.#values.length - 1 - i) * WIDTH) / (this.#size - 1);
    const y = (v) => HEIGHT - 2 - (v / (peak || 1)) * (HEIGHT - 6);
    let line = "";
    let area = "";
    let from = null;
    this.#values.forEach((v, i) => {
      if (v === null) {
        from = null;
        return;
      }
      const at = `${x(i).toFixed(1)} ${y(v).toFixed(1)}`;
      line += `${from === null ? "M" : "L"}${at}`;
      if (from === null) area += `M${x(i).toFixed(1)} ${HEIGHT}L${at}`;
      else area += `L${at}`;
      if (i === this.#values.length - 1 || this.#values[i + 1] === null) area += `L${x(i).toFixed(1)} ${HEIGHT}Z`;
      from = i;
    });
    this.#line.setAttribute("d", line);
    this.#area.setAttribute("d", area);
  }
}
