using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "channels", worker = .channels),
    (name = "data", disk = (writable = true)),
  ],
  sockets = [(name = "clients", address = "127.0.0.1:0", http = (), service = "channels")],
);

const channels :Workerd.Worker = (
  modules = [(name = "channel.mjs", esModule = embed "channel.mjs")],
  compatibilityDate = "2026-11-01",
  durableObjectNamespaces = [(className = "Channel", uniqueKey = "dormouse-bench-channel", enableSql = true)],
  durableObjectStorage = (localDisk = "data"),
  bindings = [
    (name = "CHANNELS", durableObjectNamespace = "Channel"),
    (name = "SECRET", text = embed "secret"),
    (name = "JOINED", text = embed "joined"),
  ],
);
