// What goes wrong, with what to do about it.

/**
 * An answer that says no, or no answer. code is the protocol's, or one of ours in small letters; field is what it
 * is about, if that is known.
 */
export class Refusal extends Error {
  constructor(code, message, field) {
    super(message || "It was refused.");
    this.code = code;
    this.field = field;
  }

  /** A whole sentence for people: what happened, and what to do next. */
  get text() {
    const advice = ADVICE[this.code] ?? "";
    const name = /^[A-Z_]+$/.test(this.code) ? `${this.code}: ` : "";
    return `${name}${this.message}${advice ? ` ${advice}` : ""}`;
  }
}

const ADVICE = {
  SUBSCRIBE_PERMISSION_DENIED: "The token needs subscribe for this channel; or give a subscribe token.",
  INVALID_SUBSCRIBE_TOKEN: "It needs the scope subscribe, and the uid or connectionId of this connection.",
  PRESENCE_CHANNEL_USER_ID_REQUIRED: "Connect with a token that has a uid.",
  NOT_SUBSCRIBED: "Subscribe first.",
  PUBLISH_PERMISSION_DENIED: "The token needs messages.<event>.publish for this channel.",
  STORAGE_PERMISSION_DENIED: "The token needs storage.<key>.set or .get for this channel.",
  REACTION_PERMISSION_DENIED: "The token needs messages.<event>.react for this channel.",
  REACTION_USER_ID_REQUIRED: "Connect with a token that has a uid.",
  MESSAGE_NOT_FOUND: "Only stored messages have reactions: the token needs messages.<event>.store.",
  INVALID_UMD_TOKEN: "It needs the scope umd, and the uid or connectionId of this connection.",
  UMD_UPDATE_PERMISSION_DENIED: "The umd token needs umdUpdate, at its top or for the channel.",
  INFO_PERMISSION_DENIED: "The token needs getInfo for this channel.",
  CHANNEL_INFO_PERMISSION_DENIED: "The token needs getInfo for this channel.",
  RATE_LIMITED: "Wait a moment.",
  UNAUTHORIZED: "Look at the credentials: they may be mistyped, or not be valid any more.",
  UNAVAILABLE: "The server is stopping or full: try again soon.",
};

/** The error that a fetch ended with, or that its answer holds, as a Refusal. */
export async function refusalOf(answer) {
  let error;
  try {
    error = (await answer.json()).error;
  } catch {
    // Something before the server answered.
  }
  return new Refusal(error?.code ?? `status ${answer.status}`, error?.message ?? `The server answered ${answer.status}.`);
}

export const unreachable = () => new Refusal("unreachable", "The server does not answer. Is it running? Try again when it is.");
