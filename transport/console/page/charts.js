// What the server does, drawn: rates from its counts, asked for every second while somebody looks.

import { Chart } from "./chart.js";
import { $ } from "./dom.js";
import { Refusal } from "./refusal.js";
import { milliseconds } from "./ui.js";

export const EVERY = 1_000; // ms between two samples
export const KEPT = 120; // two minutes
const WINDOW = 10; // samples over which the 99th percentile is taken

export const perSecond = (v) => `${v >= 9.95 ? Math.round(v).toLocaleString("en") : v.toFixed(1).replace(/\.0$/, "")} /s`;
export const number = (v) => Math.round(v).toLocaleString("en");

export class Charts {
  #api;
  #charts;
  #samples = []; // oldest first
  #timer;
  #on = false;

  constructor(api) {
    this.#api = api;
    this.#charts = {
      messages: new Chart("messages", "Messages", KEPT, perSecond),
      sets: new Chart("sets", "Storage writes", KEPT, perSecond),
      deliveries: new Chart("deliveries", "Frames delivered", KEPT, perSecond),
      connections: new Chart("connections", "Connections", KEPT, number),
      commits: new Chart("commits", "Commit, p99", KEPT, milliseconds),
      refusals: new Chart("refusals", "Refusals", KEPT, perSecond),
    };
    $("charts").replaceChildren(...Object.values(this.#charts).map(({ node }) => node));
  }

  /** Asks from now on, or no more. What passed meanwhile is a gap. */
  run(on) {
    if (on === this.#on) return;
    this.#on = on;
    clearTimeout(this.#timer);
    if (on) this.#ask();
    else this.#samples = [];
  }

  async #ask() {
    try {
      this.#take((await this.#api.call("GET", "/console/counts")).value);
      $("charts-outcome").textContent = "";
    } catch (error) {
      this.#samples = [];
      for (const chart of Object.values(this.#charts)) chart.add(null);
      $("charts-outcome").dataset.state = "failed";
      $("charts-outcome").textContent = `No counts. ${error instanceof Refusal ? error.text : error}`;
    }
    if (this.#on) this.#timer = setTimeout(() => this.#ask(), EVERY);
  }

  #take(sample) {
    const before = this.#samples.at(-1);
    if (before && sample.at <= before.at) return; // the server takes counts once a second
    if (before && sample.counts.messages < before.counts.messages) this.#samples = []; // it began anew
    this.#samples.push(sample);
    if (this.#samples.length > WINDOW) this.#samples.shift();
    this.#charts.connections.add(sample.counts.connections);
    const seconds = before ? (sample.at - before.at) / 1000 : 0;
    for (const name of ["messages", "sets", "deliveries", "refusals"]) {
      this.#charts[name].add(before ? Math.max(0, sample.counts[name] - before.counts[name]) / seconds : null);
    }
    this.#charts.commits.add(percentile(this.#samples[0].counts.commits, sample.counts.commits, 0.99));
  }
}

/** The bound below which a share of what came between two histograms is, in ms; null if nothing came. */
export function percentile(before, after, share) {
  const came = after.counts.map((n, i) => n - before.counts[i]);
  const all = came.at(-1);
  if (all <= 0) return null;
  const i = came.findIndex((n) => n >= share * all);
  const upper = after.bounds[Math.min(i, after.bounds.length - 1)];
  const lower = after.bounds[i - 1] ?? 0;
  const below = i > 0 ? came[i - 1] : 0;
  return (lower + ((upper - lower) * (share * all - below)) / Math.max(1, came[i] - below)) * 1000;
}
