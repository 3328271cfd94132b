package cmd

import (
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"dormouse/actors"
	"dormouse/actors/channel"
	"dormouse/claims"
	"dormouse/persistence"
	"dormouse/transport/hotsock"
	"dormouse/transport/sigv4"
)

// A checked configuration is one without faults, with its keys read.
type checked struct {
	*loaded
	tokenKeys  []claims.Key
	apiKeys    []string // as hashes: "sha256:" and hexadecimal digits
	accessKeys []sigv4.Key
	durability func(actors.Address) persistence.Durability
	endpoints  endpoints
	apps       *appStore
}

// A use is what a configuration is checked for.
type use uint8

const (
	forServe use = iota // refuses dev keys
	forDev              // accepts them
)

// validate reads the keys and names everything that is wrong, with what load could not read at the head.
func (l *loaded) validate(u use) (*checked, Faults) {
	v := &validation{loaded: l, use: u, faults: slices.Clone(l.faults)}
	c := &checked{loaded: l}
	v.addresses()
	v.certificate()
	c.apps = v.pusher()
	v.served = c.apps.served() || v.Apps.BuiltIn != builtInNever
	c.tokenKeys = v.readTokenKeys()
	c.apiKeys = v.readAPIKeys()
	c.accessKeys = v.readAccessKeys()
	c.durability = v.durabilities()
	c.Actors.TuneChannel = v.presence()
	c.endpoints = v.endpoints()
	v.packages()
	v.zeros()
	if l.HTTP.DrainOver > l.DrainTimeout {
		v.fault("drain.spread", "is %s, longer than drain.timeout (%s)", formatDuration(l.HTTP.DrainOver), formatDuration(l.DrainTimeout))
	}
	if l.WS.MaxMessage < l.Actors.Channel.MaxData {
		v.warn("limits.message_size (%s) is below limits.data_size (%s), which no client can then reach",
			formatSize(int64(l.WS.MaxMessage)), formatSize(int64(l.Actors.Channel.MaxData)))
	}
	v.faults.sort()
	return c, v.faults
}

type validation struct {
	*loaded
	use    use
	served bool // there are apps of Pusher clients
	faults Faults
}

// fault notes what is wrong with a setting, unless it could not even be read: then it has its default, and
// what is said of that helps nobody.
func (v *validation) fault(key, format string, args ...any) {
	if slices.ContainsFunc(v.loaded.faults, func(f Fault) bool { return f.Key == key }) {
		return
	}
	v.faults = append(v.faults, Fault{v.where[key], key, fmt.Sprintf(format, args...)})
}

// unread says that the file as a whole could not be read, so that nobody knows what is missing.
func (v *validation) unread() bool {
	return slices.ContainsFunc(v.loaded.faults, func(f Fault) bool { return f.Key == "" })
}

func (v *validation) warn(format string, args ...any) {
	v.warnings = append(v.warnings, fmt.Sprintf(format, args...))
}

func (v *validation) addresses() {
	if host, ok := v.address("listen", v.HTTP.Addr); ok && v.HTTP.CertFile == "" && !v.HTTP.AllowPlain && !isLoopback(host) {
		v.fault("listen", "%s is plain HTTP off loopback: tokens could be read on their way; set tls.cert and tls.key, "+
			"or allow_plain: true behind a proxy that does TLS", v.HTTP.Addr)
	}
	if host, ok := v.address("admin.listen", v.AdminListen); ok && !isLoopback(host) {
		v.warn("admin.listen %s is not loopback: whoever reaches it reads the metrics", v.AdminListen)
	}
}

// address checks that a is host:port, and returns its host.
func (v *validation) address(key, a string) (host string, ok bool) {
	host, port, err := net.SplitHostPort(a)
	if err != nil {
		v.fault(key, "%q is no address: write 127.0.0.1:8080, or :8080 for all", a)
		return "", false
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || port != strconv.FormatUint(n, 10) {
		v.fault(key, "%q is no port: write 0 to 65535", port)
		return "", false
	}
	return host, true
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// certificate reads the pair once, to tell now what would else be told by the first client.
func (v *validation) certificate() {
	certPath, keyPath := v.HTTP.CertFile, v.HTTP.KeyFile
	switch {
	case certPath == "" && keyPath == "":
		return
	case keyPath == "":
		v.fault("tls.key", "is missing: tls.cert is set")
		return
	case certPath == "":
		v.fault("tls.cert", "is missing: tls.key is set")
		return
	}
	cert, certErr := secret{path: certPath}.read(false)
	if certErr != nil {
		v.fault("tls.cert", "%v", certErr)
	}
	key, keyErr := secret{path: keyPath}.read(true)
	if keyErr != nil {
		v.fault("tls.key", "%v", keyErr)
	}
	if certErr != nil || keyErr != nil {
		return
	}
	if _, err := tls.X509KeyPair([]byte(cert), []byte(key)); err != nil {
		v.fault("tls.cert", "%s and %s do not work together: %v", certPath, keyPath, err)
	}
}

func (v *validation) readTokenKeys() []claims.Key {
	var keys []claims.Key
	for i, k := range v.TokenKeys {
		key, err := k.claimsKey()
		fault := Fault{Where: v.where["token.keys"], Key: "token.keys"}
		if k.line > 0 {
			fault.Where.line = k.line
		}
		switch {
		case err != nil:
			fault.Message = fmt.Sprintf("key %d: %v", i+1, err)
			v.faults = append(v.faults, fault)
		case v.use == forServe && k.isDev():
			fault.Message = fmt.Sprintf("key %d (%s) is a key of dormouse dev, which everybody who may read its folder can sign with; make your own", i+1, k.alg)
			v.faults = append(v.faults, fault)
		default:
			keys = append(keys, key)
		}
	}
	if v.TokenJWKS != "" {
		more, err := claims.LoadJWKS(v.TokenJWKS)
		if err != nil {
			v.fault("token.jwks", "%v", err)
		}
		keys = append(keys, more...)
	}
	if len(v.TokenKeys) == 0 && v.TokenJWKS == "" && !v.unread() && !v.served {
		v.fault("token.keys", "there is no key: every token would be refused; add token.keys or token.jwks")
	}
	return keys
}

func (v *validation) readAPIKeys() []string {
	var keys []string
	for i, s := range v.APIKeys {
		text, err := s.read(true)
		text = strings.TrimSpace(text)
		if err == nil {
			err = new(hotsock.Keys).Set(text)
		}
		switch {
		case err != nil:
			v.fault("api_keys", "key %d: %s; make one with  openssl rand -hex 20", i+1,
				strings.TrimPrefix(err.Error(), "hotsock: API key 1 "))
		case v.use == forServe && strings.HasPrefix(text, devMark):
			v.fault("api_keys", "key %d is a key of dormouse dev; make your own with  openssl rand -hex 20", i+1)
		case strings.HasPrefix(text, "sha256:"):
			keys = append(keys, text)
		default:
			keys = append(keys, fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(text))))
		}
	}
	if len(v.APIKeys) == 0 && !v.unread() {
		who := "nobody can publish over HTTP"
		if v.served {
			who = "only backends of apps can publish over HTTP, and nobody can manage the server"
		}
		if len(v.AccessKeys) > 0 {
			who = "only AWS SDKs can publish over HTTP, and nobody can manage the server"
		}
		v.warn("there are no api_keys: %s or make a backup", who)
	}
	return keys
}

func (v *validation) durabilities() func(actors.Address) persistence.Durability {
	word := parsed(persistence.ParseDurability)
	otherwise := word(v.Durability)
	of := byPattern(v, "durability.channels", v.ChannelDurability, otherwise, word)
	return func(a actors.Address) persistence.Durability {
		if of == nil {
			return otherwise
		}
		return of(a.Name)
	}
}

// presence is what channels differ in by their names; nil: in nothing.
func (v *validation) presence() func(actors.Address, *channel.Options) {
	o := &v.Actors.Channel
	grace := byPattern(v, "presence.leave_grace.channels", v.ChannelGrace, o.LeaveGrace, parsed(parseDuration))
	deltas := byPattern(v, "presence.deltas.channels", v.ChannelDeltas, o.MemberDeltas, parsed(strconv.ParseBool))
	if grace == nil && deltas == nil {
		return nil
	}
	return func(a actors.Address, o *channel.Options) {
		if grace != nil {
			o.LeaveGrace = grace(a.Name)
		}
		if deltas != nil {
			o.MemberDeltas = deltas(a.Name)
		}
	}
}

// packages asks every package about its Options, and tells what it says in the words of the file.
func (v *validation) packages() {
	v.translate("claims", v.Claims.Validate())
	v.translate("persistence", v.Store.Validate())
	v.translate("channel", v.Actors.Channel.Validate())
	v.translate("actors", v.Actors.Validate())
	v.translate("courier", v.Actors.Events.Validate())
	v.translate("ws", v.WS.Validate())
	v.translate("hotsock", v.Hotsock.Validate())
	v.translate("transport", v.HTTP.Validate())
}

// zeroMeans are the settings with a default for which 0 says something of its own, as their help tells.
var zeroMeans = []string{"limits.connection_age", "limits.connection_age_spread", "drain.spread", "apps.webhook_delay", "apps.cache.ttl", "pusher.timestamp_tolerance"}

// zeros refuses 0 for all other settings with a default: to the packages it would be that default, and who writes 0
// means something else.
func (v *validation) zeros() {
	defaults := DefaultConfig().settings()
	for i, s := range v.settings() {
		text, usual := s.value.yaml(), defaults[i].value.yaml()
		if slices.Contains([]string{"0", "0s", "0%"}, text) && text != usual && !slices.Contains(zeroMeans, s.key) {
			v.fault(s.key, "is 0: write more than that, or leave it out for %s", usual)
		}
	}
}

// translate turns the refusals of a package's Options into faults. A refusal is told in Go's names, which
// nobody who writes a file has seen. What concerns no setting is left out: it is a part that the program
// gives when it starts.
func (v *validation) translate(pkg string, err error) {
	for _, refusal := range unjoin(err) {
		text := strings.TrimPrefix(refusal.Error(), pkg+": ")
		text = strings.TrimPrefix(text, persistence.ErrInvalid.Error()+": ")
		for _, s := range v.settings() {
			field, ok := strings.CutPrefix(s.field, pkg+".")
			if !ok {
				continue
			}
			name := regexp.MustCompile(`\b([A-Z][A-Za-z]*\.)?` + field + `\b:?\s*`)
			if name.MatchString(text) {
				v.fault(s.key, "%s", name.ReplaceAllString(text, ""))
				break
			}
		}
	}
}
