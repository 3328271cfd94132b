// The form of a message or of an entry that the server itself writes: now, or by a schedule.

import { el } from "./dom.js";
import { Raw } from "./raw.js";
import { Refusal } from "./refusal.js";
import { filled, tell, typed } from "./ui.js";

const SET = "hotsock.channelStorageSet";
const WHENS = { now: "Now", at: "Once", rate: "Every", cron: "By the calendar" };
const CRON = "0 9 ? * MON-FRI *";

let made = 0;

/**
 * Makes such a form.
 *
 * @param {API} api
 * @param {object} o
 * @param {string} [o.channel]  where it writes; without one, a field asks for it
 * @param {boolean} [o.now]  it may also write at once
 * @param {() => void} o.done  is called when something was written or scheduled
 */
export class Writer {
  #api;
  #o;
  #id = `writer-${++made}`;
  #what = choice(`${this.#id}-what`, "What", { message: "Message", entry: "Entry" });
  #when;
  #channel = field({ maxlength: "256", placeholder: "game.lobby" });
  #event = field({ maxlength: "128", placeholder: "chat" });
  #key = field({ maxlength: "128", placeholder: "settings.mode" });
  #data = el("textarea", { class: "field code", rows: "3", autocomplete: "off", spellcheck: "false", placeholder: '{"text":"hello"}' });
  #store = field({ inputmode: "numeric", placeholder: "not kept" });
  #at = el("input", { class: "field", type: "datetime-local", step: "1" });
  #rate = field({ inputmode: "numeric", value: "15" });
  #unit = el("select", { class: "field" }, ...["minute", "hour", "day"].map((unit) => el("option", { value: unit }, `${unit}s`)));
  #cron = field({ class: "field code", value: CRON });
  #zone = field({ value: Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC", list: zones() });
  #expression = el("output", { class: "hint" });
  #button = el("button", { class: "button solid" });
  #outcome = el("p", { class: "outcome", role: "status" });
  node;

  constructor(api, o) {
    this.#api = api;
    this.#o = o;
    const { now, ...later } = WHENS;
    this.#when = choice(`${this.#id}-when`, "When", o.now ? WHENS : later);
    this.node = el("form", { class: "form writer" },
      this.#what.node,
      el("div", { class: "row" },
        o.channel === undefined ? labelled("Channel", this.#channel) : "",
        labelled("Event", this.#event, "message"), labelled("Key", this.#key, "entry"),
        labelled("Keep for, in seconds", this.#store)),
      labelled("Data, as JSON", this.#data),
      this.#when.node,
      el("div", { class: "row" },
        labelled("At", this.#at, "at"),
        labelled("Interval", this.#rate, "rate"), labelled("Unit", this.#unit, "rate"),
        labelled("Minutes, hours, day of month, month, day of week, year", this.#cron, "cron"),
        labelled("Time zone", this.#zone, "at cron")),
      el("div", { class: "actions" }, this.#button, this.#expression, this.#outcome));
    this.node.addEventListener("input", () => this.#show());
    this.node.addEventListener("submit", (event) => {
      event.preventDefault();
      tell(this.#outcome, () => this.#send(), this.#fields());
    });
    this.#at.value = local(new Date(Date.now() + 3_600_000));
    this.#show();
  }

  /** Fills it with an entry, to be written anew. data is its text. */
  edit(key, data) {
    this.#what.set("entry");
    this.#key.value = key;
    this.#data.value = data;
    this.#show();
    this.#data.focus();
  }

  #show() {
    const what = this.#what.value;
    const when = this.#when.value;
    for (const part of this.node.querySelectorAll("[data-for]")) {
      part.hidden = !part.dataset.for.split(" ").some((word) => word === what || word === when);
    }
    this.#store.placeholder = what === "entry" ? "until it is cleared" : "not kept";
    this.#data.placeholder = what === "entry" ? '"teams", 8, {…}; null clears it' : '{"text":"hello"}';
    this.#button.textContent = when !== "now" ? "Schedule" : what === "entry" ? "Set" : "Publish";
    this.#expression.textContent = when === "now" ? "" : this.#written();
  }

  // The schedule's expression, as it is so far.
  #written() {
    switch (this.#when.value) {
      case "at":
        return `at(${this.#at.value.length === 16 ? `${this.#at.value}:00` : this.#at.value.slice(0, 19)})`;
      case "rate":
        return `rate(${this.#rate.value.trim()} ${this.#unit.value}${this.#rate.value.trim() === "1" ? "" : "s"})`;
    }
    return `cron(${this.#cron.value.trim().replace(/^cron\((.*)\)$/, "$1")})`;
  }

  async #send() {
    const entry = this.#what.value === "entry";
    const when = this.#when.value;
    const channel = this.#o.channel ?? filled(this.#channel, "Write the channel's name first.");
    const name = entry ? filled(this.#key, "Write the key first.") : filled(this.#event, "Write the event's name first.");
    if (entry) filled(this.#data, "Write the data first; null clears the entry.");
    const store = this.#store.value.trim();
    if (store && !/^(-1|\d+)$/.test(store)) throw new Refusal("store", "A whole number of seconds, or -1 for ever.", this.#store);
    if (when === "at") filled(this.#at, "Say the day and the time first.");
    const body = {
      channel, event: entry ? SET : name, key: entry ? name : undefined, data: typed(this.#data) ?? null,
      store: store ? new Raw(String(BigInt(store))) : undefined,
      scheduleExpression: when === "now" ? undefined : this.#written(),
      scheduleExpressionTimezone: when === "at" || when === "cron" ? this.#zone.value.trim() || undefined : undefined,
    };
    await this.#api.call("POST", when === "now" ? "/publish" : "/schedules", body);
    this.#o.done();
    return when !== "now" ? "Scheduled" : entry ? `Set ${name}` : "Published";
  }

  // Which field each refusal of the server is about.
  #fields() {
    const when = { at: this.#at, rate: this.#rate, cron: this.#cron }[this.#when.value];
    return {
      INVALID_CHANNEL: this.#channel, INVALID_EVENT: this.#event, INVALID_STORAGE_KEY: this.#key, INVALID_STORE: this.#store,
      DATA_TOO_LARGE: this.#data, INVALID_SCHEDULE: (text) => (text.includes("Timezone") ? this.#zone : when),
    };
  }
}

const field = (attributes) => el("input", { class: "field", autocomplete: "off", spellcheck: "false", ...attributes });

// A field below its label, shown while one of the words is chosen.
function labelled(text, control, words) {
  return el("div", { class: "cell", "data-for": words }, el("label", {}, text, control));
}

// A row of radio buttons: { node, value, set }.
function choice(name, legend, options) {
  const inputs = Object.keys(options).map((value, i) => el("input", { type: "radio", name, value, checked: i === 0 }));
  return {
    node: el("fieldset", { class: "choice" }, el("legend", {}, legend), ...inputs.map((input) => el("label", {}, input, ` ${options[input.value]}`))),
    get value() {
      return inputs.find((input) => input.checked).value;
    },
    set(value) {
      inputs.find((input) => input.value === value).checked = true;
    },
  };
}

// A moment as a datetime-local field has it, without seconds.
function local(date) {
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

// The id of a list of time zones, which is made once.
function zones() {
  if (!document.getElementById("zones")) {
    document.body.append(el("datalist", { id: "zones" }, ...["UTC", ...(Intl.supportedValuesOf?.("timeZone") ?? [])].map((zone) => el("option", { value: zone }))));
  }
  return "zones";
}
