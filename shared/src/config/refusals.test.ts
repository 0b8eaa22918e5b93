import { describe, expect, it } from 'vitest';
import { ConfigError, parseConfig } from './index.ts';

/** The message of the refusal, which must be a ConfigError of one line that names the file. */
function refusal(text: string, environment: Record<string, string> = {}): string {
  let message = 'accepted';
  try {
    parseConfig(text, 'f.yaml', environment);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    message = (error as Error).message;
  }
  expect(message).toMatch(/^f\.yaml: \P{Cc}+$/u);
  return message.slice('f.yaml: '.length);
}

const RANGE = 'allowed: a range such as "09:00-17:00" (24 h clock, may cross midnight)';
const NODES = 'allowed: a whole number from 0 to 10000';
const SECTION = 'allowed: a section with keys';
const BOOT = 'allowed: a duration such as "180s", or { p50: "90s", p95: "150s" } with a p50 of at most p95';
const DURATION = 'allowed: a duration with its unit, such as "90s" or "5m"';
const ROOT_KEYS =
  'unknown key; allowed: timezone, policies, calendar, pools, sources, store, bus, data_dir, kubernetes, http, scaler, telemetry, clock, simulation';
const NAME = 'allowed: a name of a-z, 0-9 and "-", at most 63 long';
const POLICY_NAME = 'allowed: a name of a-z, 0-9, "-" and "_", at most 63 long';
const TEXT = 'allowed: text, in quotes where it looks like a number';

const policy = (body: string) => `autoscaler: {policies: {p: {${body}}}}`;
const pool = (body: string) => `autoscaler: {pools: [{${body}}]}`;
const calendar = (body: string) => `autoscaler: {calendar: {${body}}}`;
const event = (at: string) => calendar(`events: {sale: {at: [{${at}}]}}`);
const MOMENT = 'allowed: a date or a local time such as 2026-11-27 or "2026-11-27T18:00"';
const EVENT_END = 'allowed: after "from", by at most 14 days; "until" itself is out';
const long = 'x'.repeat(64);

const KINDS = 'none, simulated, buffer, docker, aws, gcp, azure, hetzner, clusterapi, externalgrpc';

// biome-ignore format: one refusal a line
const REFUSALS: readonly (readonly [what: string, yaml: string, message: string])[] = [
  ['an empty file', '', `the file = null: ${SECTION}`],
  ['a list', '[]', `the file = []: ${SECTION}`],
  ['text', 'hello', `the file = "hello": ${SECTION}`],
  ['another root', 'other: 1', `autoscaler is absent: ${SECTION}`],
  ['a second root', 'autoscaler: {}\nother: 1', 'other = 1: unknown key; allowed: autoscaler'],
  ['an empty root', 'autoscaler:', `autoscaler = null: ${SECTION}`],
  ['a root that is a number', 'autoscaler: 5', `autoscaler = 5: ${SECTION}`],
  ['an unknown key', 'autoscaler: {foo: 1}', `autoscaler.foo = 1: ${ROOT_KEYS}`],
  ['an unknown key with a value that is no number', 'autoscaler: {foo: [.nan, -.inf]}', `autoscaler.foo = ["NaN","-Infinity"]: ${ROOT_KEYS}`],
  ['a scaler for everybody in plain text', 'autoscaler: {scaler: {grpc: {host: 0.0.0.0}}}', 'autoscaler.scaler.grpc.host = "0.0.0.0": allowed without a section tls or plaintext: true: a loopback address, such as 127.0.0.1'],
  ['external metrics that nobody could ask for', 'autoscaler: {scaler: {external_metrics: {cert_file: c, key_file: k}}}', 'autoscaler.scaler.external_metrics.requestheader_ca_file is absent: allowed: requestheader_ca_file or token_file, or both: nobody could ask otherwise'],
  ['a scaler with and without TLS', 'autoscaler: {scaler: {grpc: {plaintext: true, tls: {cert_file: c, key_file: k}}}}', 'autoscaler.scaler.grpc.plaintext = true: allowed: false where there is a section tls'],
  ['an unknown key deep down', pool('provider: {kind: none, region: x}'), 'autoscaler.pools[0].provider.region = "x": unknown key; allowed: kind'],

  ['an hour that does not exist', policy('time_range: "25:00-09:00"'), `autoscaler.policies.p.time_range = "25:00-09:00": ${RANGE}`],
  ['a minute that does not exist', policy('time_range: "09:60-10:00"'), `autoscaler.policies.p.time_range = "09:60-10:00": ${RANGE}`],
  ['a start of 24:00', policy('time_range: "24:00-09:00"'), `autoscaler.policies.p.time_range = "24:00-09:00": ${RANGE}`],
  ['an end after 24:00', policy('time_range: "09:00-24:01"'), `autoscaler.policies.p.time_range = "09:00-24:01": ${RANGE}`],
  ['an hour of one digit', policy('time_range: "9:00-17:00"'), `autoscaler.policies.p.time_range = "9:00-17:00": ${RANGE}`],
  ['half a range', policy('time_range: "09:00-"'), `autoscaler.policies.p.time_range = "09:00-": ${RANGE}`],
  ['a range with a line break', policy('time_range: "09:00-17:00\\n"'), `autoscaler.policies.p.time_range = "09:00-17:00\\n": ${RANGE}`],
  ['a number as a range', policy('time_range: 900'), `autoscaler.policies.p.time_range = 900: ${RANGE}`],

  ['min above max', policy('min_nodes: 9, max_nodes: 4'), 'autoscaler.policies.p.min_nodes = 9: allowed: at most max_nodes, which is 4'],
  ['min above the default max', pool('bounds: {min_nodes: 20}'), 'autoscaler.pools[0].bounds.min_nodes = 20: allowed: at most max_nodes, which is 10'],
  ['a negative number', policy('min_nodes: -1'), `autoscaler.policies.p.min_nodes = -1: ${NODES}`],
  ['a fraction', policy('min_nodes: 1.5'), `autoscaler.policies.p.min_nodes = 1.5: ${NODES}`],
  ['NaN', policy('min_nodes: .nan'), `autoscaler.policies.p.min_nodes = NaN: ${NODES}`],
  ['infinity', policy('max_nodes: .inf'), `autoscaler.policies.p.max_nodes = Infinity: ${NODES}`],
  ['minus infinity', policy('usd_per_hour_max: -.inf'), 'autoscaler.policies.p.usd_per_hour_max = -Infinity: allowed: a number from 0 to 1000000'],
  ['a huge number', policy('max_nodes: 123456789012345678901234567890'), `autoscaler.policies.p.max_nodes = 1.2345678901234568e+29: ${NODES}`],
  ['a number as text', policy('min_nodes: "3"'), `autoscaler.policies.p.min_nodes = "3": ${NODES}`],
  ['no number', policy('min_nodes:'), `autoscaler.policies.p.min_nodes = null: ${NODES}`],
  ['an empty policy', 'autoscaler: {policies: {p: }}', `autoscaler.policies.p = null: ${SECTION}`],
  ['policies as a list', 'autoscaler: {policies: []}', 'autoscaler.policies = []: allowed: a map of policies by name'],
  ['a policy in capitals', 'autoscaler: {policies: {NIGHT: {}}}', `autoscaler.policies.NIGHT: ${POLICY_NAME}`],
  ['a policy with a line break', 'autoscaler: {policies: {"a\\nb": {}}}', `autoscaler.policies["a\\nb"]: ${POLICY_NAME}`],

  ['a zone that does not exist', 'autoscaler: {timezone: "Mars/Olympus"}', 'autoscaler.timezone = "Mars/Olympus": allowed: an IANA zone such as "Europe/Berlin"'],
  ['an offset as a zone', policy('timezone: "+02:00"'), 'autoscaler.policies.p.timezone = "+02:00": allowed: an IANA zone such as "Europe/Berlin"'],
  ['a number as a zone', 'autoscaler: {timezone: 5}', 'autoscaler.timezone = 5: allowed: an IANA zone such as "Europe/Berlin"'],
  ['no days', policy('days: []'), 'autoscaler.policies.p.days = []: allowed: a list of 1 to 7 of sun, mon, tue, wed, thu, fri, sat, each once'],
  ['a day that does not exist', policy('days: [mon, monday]'), 'autoscaler.policies.p.days[1] = "monday": allowed: sun, mon, tue, wed, thu, fri, sat'],
  ['days that are no list', policy('days: mon'), 'autoscaler.policies.p.days = "mon": allowed: a list of 1 to 7 of sun, mon, tue, wed, thu, fri, sat, each once'],
  ['a day twice', policy('days: [mon, mon]'), 'autoscaler.policies.p.days = ["mon","mon"]: allowed: each day once'],
  ['a month that does not exist', policy('from: 2026-13-01'), 'autoscaler.policies.p.from = "2026-13-01": allowed: a date such as 2026-12-24'],
  ['a day that is not in the month', policy('until: 2026-02-30'), 'autoscaler.policies.p.until = "2026-02-30": allowed: a date such as 2026-12-24'],
  ['a date with a time', policy('from: 2026-01-01T00:00:00Z'), 'autoscaler.policies.p.from = "2026-01-01T00:00:00Z": allowed: a date such as 2026-12-24'],
  ['an end that is the start', policy('from: 2026-02-03, until: 2026-02-03'), 'autoscaler.policies.p.until = "2026-02-03": allowed: a date after "from"; the day "until" itself is out'],
  ['a share above one', policy('spot: {share: 1.1}'), 'autoscaler.policies.p.spot.share = 1.1: allowed: a number from 0 to 1'],

  ['a number where a duration belongs', pool('lead_time: 180'), `autoscaler.pools[0].lead_time = 180: ${DURATION}, from 1s to 1h`],
  ['a duration without a unit', pool('lead_time: "180"'), `autoscaler.pools[0].lead_time = "180": ${DURATION}, from 1s to 1h`],
  ['a duration that is too long', pool('lead_time: 2h'), `autoscaler.pools[0].lead_time = "2h": ${DURATION}, from 1s to 1h`],
  ['a negative duration', pool('forecast: {horizon: -5m}'), `autoscaler.pools[0].forecast.horizon = "-5m": ${DURATION}, from 5m to 7d`],
  ['a tick as a number', 'autoscaler: {clock: {tick: 60}}', `autoscaler.clock.tick = 60: ${DURATION}, from 1s to 1h`],

  ['a country that does not exist', calendar('holidays: {country: XX}'), 'autoscaler.calendar.holidays.country = "XX": allowed: a country that date-holidays knows, such as "DE"'],
  ['a country that is no code', calendar('holidays: {country: "D E"}'), 'autoscaler.calendar.holidays.country = "D E": allowed: a code such as "DE"'],
  ['a state of another country', calendar('holidays: {country: GB, state: BY}'), 'autoscaler.calendar.holidays.state = "BY": allowed: one of ALD, ENG, NIR, SCT, WLS'],
  ['a state of none', calendar('holidays: {country: DE, region: A}'), 'autoscaler.calendar.holidays.region = "A": allowed: nothing here'],
  ['a state without its country', calendar('holidays: {state: BY}'), 'autoscaler.calendar.holidays.country is absent: allowed: the country of the state or region'],
  ['a holiday that is no date', calendar('holidays: {dates: [2026-02-30]}'), 'autoscaler.calendar.holidays.dates[0] = "2026-02-30": allowed: a date such as 2026-12-24'],
  ['holidays like no day', calendar('holidays: {dates: [2026-12-24], like: holiday}'), 'autoscaler.calendar.holidays.like = "holiday": allowed: sun, mon, tue, wed, thu, fri, sat'],
  ['events as a list', calendar('events: [{name: sale}]'), 'autoscaler.calendar.events = [{"name":"sale"}]: allowed: a map of events by name'],
  ['an event at no time', calendar('events: {sale: {at: []}}'), 'autoscaler.calendar.events.sale.at = []: allowed: a list of 1 to 100 times with from and until'],
  ['an event with a bad time', event('from: "2026-11-27T24:00", until: 2026-11-28'), `autoscaler.calendar.events.sale.at[0].from = "2026-11-27T24:00": ${MOMENT}`],
  ['an event on a day that is not in the month', event('from: 2026-11-31, until: 2026-12-02'), `autoscaler.calendar.events.sale.at[0].from = "2026-11-31": ${MOMENT}`],
  ['an event that ends before it begins', event('from: 2026-11-27, until: 2026-11-27'), `autoscaler.calendar.events.sale.at[0].until = "2026-11-27": ${EVENT_END}`],
  ['an event of a month', event('from: 2026-11-01, until: 2026-12-01'), `autoscaler.calendar.events.sale.at[0].until = "2026-12-01": ${EVENT_END}`],
  ['an event that brings nothing', calendar('events: {sale: {at: [{from: 2026-11-27, until: 2026-11-28}], expected: 0}}'), 'autoscaler.calendar.events.sale.expected = 0: allowed: a number from 0.05 to 20'],
  ['an event that repeats daily', calendar('events: {sale: {at: [{from: 2026-11-27, until: 2026-11-28}], repeat: daily}}'), 'autoscaler.calendar.events.sale.repeat = "daily": allowed: never, weekly, yearly'],
  ['the calendar of a pool', pool('forecast: {calendar: {holidays: {dates: [1]}}}'), 'autoscaler.pools[0].forecast.calendar.holidays.dates[0] = 1: allowed: a date such as 2026-12-24'],
  ['a kind of signal that does not exist', pool('signals: [{name: x, kind: histogram}]'), 'autoscaler.pools[0].signals[0].kind = "histogram": allowed: gauge, counter'],

  ['no pools', 'autoscaler: {pools: []}', 'autoscaler.pools = []: allowed: a list of 1 to 256 pools'],
  ['pools that are no list', 'autoscaler: {pools: {}}', 'autoscaler.pools = {}: allowed: a list of 1 to 256 pools'],
  ['two pools of one name', 'autoscaler: {pools: [{name: a}, {name: a}]}', 'autoscaler.pools[1].name = "a": allowed: each pool name once'],
  ['a pool with a space', pool('name: "A B"'), `autoscaler.pools[0].name = "A B": ${NAME}`],
  ['a pool that would be two tokens', pool('name: a.b'), `autoscaler.pools[0].name = "a.b": ${NAME}`],
  ['a pool with a long name', pool(`name: ${long}`), `autoscaler.pools[0].name = "${long}": ${NAME}`],
  ['a pool of no name', pool('name: ""'), `autoscaler.pools[0].name = "": ${NAME}`],
  ['two signals of one name', pool('signals: [{name: x}, {name: x}]'), 'autoscaler.pools[0].signals[1].name = "x": allowed: each signal once'],
  ['a signal without a name', pool('signals: [{}]'), `autoscaler.pools[0].signals[0].name is absent: ${NAME}`],
  ['a capacity of nothing', pool('capacity_per_node: 0'), 'autoscaler.pools[0].capacity_per_node = 0: allowed: a number from 1e-9 to 1000000000000000'],
  ['a mode that does not exist', pool('mode: destroy'), 'autoscaler.pools[0].mode = "destroy": allowed: observe, enforce'],
  ['enforce without a provider', pool('mode: enforce'), 'autoscaler.pools[0].provider is absent: allowed in mode enforce: a provider that can create nodes'],
  ['enforce with no provider', pool('mode: enforce, provider: none'), 'autoscaler.pools[0].provider = "none": allowed in mode enforce: a provider that can create nodes'],
  ['an unknown provider in short', pool('provider: mainframe'), `autoscaler.pools[0].provider.kind = "mainframe": allowed: a provider of kind ${KINDS}, mixed`],
  ['an unknown provider', pool('provider: {kind: mainframe}'), `autoscaler.pools[0].provider.kind = "mainframe": allowed: a provider of kind ${KINDS}, mixed`],
  ['a provider in a mix that does not exist', pool('provider: {kind: mixed, providers: {a: mainframe}}'), `autoscaler.pools[0].provider.providers.a.kind = "mainframe": allowed: a provider of kind ${KINDS}`],
  ['a mix of nothing', pool('provider: {kind: mixed, providers: {}}'), 'autoscaler.pools[0].provider.providers = {}: allowed: at least one provider, and none of kind none or buffer'],
  ['an offering of nobody', pool('provider: none, offerings: [{instance_type: m, usd_per_hour: 1, provider: a}]'), 'autoscaler.pools[0].offerings[0].provider = "a": allowed only where provider.kind is mixed'],
  ['an offering of somebody else', pool( 'provider: {kind: mixed, providers: {a: {kind: simulated, url: "http://x"}}}, offerings: [{instance_type: m, usd_per_hour: 1, provider: b}]', ), 'autoscaler.pools[0].offerings[0].provider = "b": allowed: a'],
  ['a provider without its URL', pool('provider: simulated'), 'autoscaler.pools[0].provider.url is absent: allowed: an http(s) URL'],
  ['a URL of another kind', pool('provider: {kind: simulated, url: "ftp://x"}'), 'autoscaler.pools[0].provider.url = "ftp://x": allowed: an http(s) URL'],
  ['a token for InfluxDB 1', 'autoscaler: {store: {kind: influxdb, url: "http://x", token_file: /t}}', 'autoscaler.store.token_file = "/t": allowed: with version 2, instead of username'],
  ['an InfluxDB of the future', 'autoscaler: {store: {kind: influxdb, url: "http://x", version: 3}}', 'autoscaler.store.version = 3: allowed: 1 or 2'],
  ['a spool too small to be one', 'autoscaler: {store: {kind: influxdb, url: "http://x", spool: {max_size: 1Mi}}}', 'autoscaler.store.spool.max_size = "1Mi": allowed: a size from 16Mi to 1Ti, such as 256Mi'],
  ['a spool beside the embedded store', 'autoscaler: {store: {kind: sqlite, spool: {}}}', 'autoscaler.store.spool = {}: unknown key; allowed: kind, retention, path'],
  ['a quantity that is none', pool('template: {allocatable: {cpu: 4 cores, memory: 1Gi}}'), 'autoscaler.pools[0].template.allocatable.cpu = "4 cores": allowed: a quantity such as "4" or "500m"'],
  ['a negative quantity', pool('template: {allocatable: {cpu: 4, memory: -1Gi}}'), 'autoscaler.pools[0].template.allocatable.memory = "-1Gi": allowed: a quantity such as "16Gi"'],
  ['a label that is a number', pool('selector: {a: 5}'), 'autoscaler.pools[0].selector.a = 5: allowed: text of at most 63 characters, in quotes where it looks like a number'],
  ['a label of no name', pool('selector: {"": x}'), 'autoscaler.pools[0].selector[""]: allowed: a label such as "app.kubernetes.io/name"'],
  ['a taint without a key', pool('template: {taints: [{effect: NoSchedule}]}'), 'autoscaler.pools[0].template.taints[0].key is absent: allowed: a label such as "app.kubernetes.io/name"'],
  ['taints that are no list', pool('template: {taints: {}}'), 'autoscaler.pools[0].template.taints = {}: allowed: a list of 0 to 100 taints'],
  ['an offering with a price that is none', pool('offerings: [{instance_type: a, usd_per_hour: cheap}]'), 'autoscaler.pools[0].offerings[0].usd_per_hour = "cheap": allowed: a number from 0 to 10000'],
  ['machines of nowhere', pool('machines: [{cloud: aws}]'), 'autoscaler.pools[0].machines[0].regions is absent: allowed: a list of 1 to 20 regions'],
  ['machines of an unknown cloud', pool('machines: [{cloud: oracle, regions: [a]}]'), 'autoscaler.pools[0].machines[0].cloud = "oracle": allowed: aws, gcp, azure, hetzner'],
  ['machines of an architecture that is none', pool('machines: [{regions: [a], architectures: [x86]}]'), 'autoscaler.pools[0].machines[0].architectures[0] = "x86": allowed: amd64, arm64'],
  ['machines from much to little', pool('machines: [{regions: [a], cpu: {min: 8, max: 4}}]'), 'autoscaler.pools[0].machines[0].cpu = {"min":8,"max":4}: allowed: { min, max } of CPUs with a min of at most max'],
  ['machines of half a range', pool('machines: [{regions: [a], memory: 8Gi}]'), `autoscaler.pools[0].machines[0].memory = "8Gi": ${SECTION}`],
  ['machines by a pattern that is none', pool('machines: [{regions: [a], exclude: ["m7g.[lx]*"]}]'), 'autoscaler.pools[0].machines[0].exclude[0] = "m7g.[lx]*": allowed: an instance type such as "m7g.xlarge", or with * and ?, as "m7g.*"'],
  ['machines of nobody', pool('machines: [{regions: [a], provider: b}]'), 'autoscaler.pools[0].machines[0].provider = "b": allowed only where provider.kind is mixed'],
  ['machines without end', pool('machines: [{regions: [a], max_offerings: 5000}]'), 'autoscaler.pools[0].machines[0].max_offerings = 5000: allowed: a whole number from 1 to 1000'],

  ['an open address without a token', 'autoscaler: {http: {host: 0.0.0.0}}', 'autoscaler.http.host = "0.0.0.0": allowed without token_file: a loopback address, such as 127.0.0.1'],
  ['an IPv6 address without a token', 'autoscaler: {http: {host: "::"}}', 'autoscaler.http.host = "::": allowed without token_file: a loopback address, such as 127.0.0.1'],
  ['a host that is a number', 'autoscaler: {http: {host: 0}}', 'autoscaler.http.host = 0: allowed: an address to listen on, such as 127.0.0.1'],
  ['a port that does not exist', 'autoscaler: {http: {port: 70000}}', 'autoscaler.http.port = 70000: allowed: a whole number from 0 to 65535'],
  ['an unknown store', 'autoscaler: {store: {kind: mysql}}', 'autoscaler.store.kind = "mysql": allowed: kind sqlite or influxdb'],
  ['a store that is text', 'autoscaler: {store: sqlite}', 'autoscaler.store = "sqlite": allowed: kind sqlite or influxdb'],
  ['a store without its URL', 'autoscaler: {store: {kind: influxdb}}', 'autoscaler.store.url is absent: allowed: an http(s) URL'],
  ['a path of nothing', 'autoscaler: {store: {kind: sqlite, path: ""}}', 'autoscaler.store.path = "": allowed: a path'],
  ['a bus at a web address', 'autoscaler: {bus: {kind: nats, url: "http://x"}}', 'autoscaler.bus.url = "http://x": allowed: a URL such as "nats://127.0.0.1:4222"'],
  ['an election by chance', 'autoscaler: {kubernetes: {leader_election: auto}}', 'autoscaler.kubernetes.leader_election = "auto": allowed: true or false'],
  ['a switch that is a word', 'autoscaler: {kubernetes: {enabled: yes}}', 'autoscaler.kubernetes.enabled = "yes": allowed: true or false'],
  ['a boot time as a number', 'autoscaler: {simulation: {boot: 180}}', `autoscaler.simulation.boot = 180: ${BOOT}`],
  ['a boot time without its tail', 'autoscaler: {simulation: {boot: {p50: 90s}}}', `autoscaler.simulation.boot = {"p50":"90s"}: ${BOOT}`],
  ['a median above its tail', 'autoscaler: {simulation: {boot: {p50: 3m, p95: 2m}}}', `autoscaler.simulation.boot = {"p50":"3m","p95":"2m"}: ${BOOT}`],
  ['a price of no time', 'autoscaler: {simulation: {prices: [{instance_type: m, from: soon, usd_per_hour: 1}]}}', 'autoscaler.simulation.prices[0].from = "soon": allowed: a time such as "2026-03-01T00:00:00Z", in quotes'],
  ['a share of failures above one', 'autoscaler: {simulation: {create_failure_share: 20}}', 'autoscaler.simulation.create_failure_share = 20: allowed: a number from 0 to 1'],

  ['a receiver of traces that is no URL', 'autoscaler: {telemetry: {traces: {url: "127.0.0.1:4318"}}}', 'autoscaler.telemetry.traces.url = "127.0.0.1:4318": allowed: an http(s) URL'],
  ['a share of traces above all of them', 'autoscaler: {telemetry: {traces: {url: "http://h", share: 2}}}', 'autoscaler.telemetry.traces.share = 2: allowed: a number from 0 to 1'],
  ['a certificate without its key', 'autoscaler: {bus: {kind: nats, url: "nats://h", tls: {cert_file: a.crt}}}', 'autoscaler.bus.tls = {"cert_file":"a.crt"}: allowed: cert_file and key_file together, or neither'],
  ['a rate that locks the page out', 'autoscaler: {http: {requests_per_minute: 1}}', 'autoscaler.http.requests_per_minute = 1: allowed: a whole number from 10 to 1000000'],
  ['an unknown log level', 'autoscaler: {telemetry: {log_level: loud}}', 'autoscaler.telemetry.log_level = "loud": allowed: debug, info, warn, error'],

  ['a secret of the wrong type, masked', 'autoscaler: {store: {kind: influxdb, url: "http://x", password: 12345}}', `autoscaler.store.password = "***": ${TEXT}`],
  ['a secret in the wrong place, masked', 'autoscaler: {bus: {nats: {password: hunter2}}}', 'autoscaler.bus.kind is absent: allowed: kind in-process or nats'],
  ['a section with a secret in it, masked', 'autoscaler: {nats: {password: hunter2, url: "nats://me:hunter2@h"}}', `autoscaler.nats = {"password":"***","url":"nats://***@h"}: ${ROOT_KEYS}`],
  ['a misspelt secret, masked', 'autoscaler: {bus: {kind: nats, url: "nats://h", passwort: hunter2}}', 'autoscaler.bus.passwort = "***": unknown key; allowed: kind, url, user, password, password_file, token, token_file, tls'],
  ['a login in a URL, masked', 'autoscaler: {bus: {kind: nats, url: "http://me:hun@ter2@h"}}', 'autoscaler.bus.url = "http://***@h": allowed: a URL such as "nats://127.0.0.1:4222"'],

  ['a prototype at the root', '__proto__: {x: 1}\nautoscaler: {}', '__proto__: allowed as a key: a word'],
  ['a prototype as a policy', 'autoscaler: {policies: {__proto__: {min_nodes: 1}}}', 'autoscaler.policies.__proto__: allowed as a key: a word'],
  ['a prototype as a label', pool('selector: {__proto__: "x"}'), 'autoscaler.pools[0].selector.__proto__: allowed as a key: a word'],
  ['a constructor', 'autoscaler: {constructor: 1}', `autoscaler.constructor = 1: ${ROOT_KEYS}`],
  ['an inherited method', 'autoscaler: {store: {toString: 1}}', 'autoscaler.store.kind is absent: allowed: kind sqlite or influxdb'],

  ['a key twice', 'autoscaler: {}\nautoscaler: {}', 'line 2, column 1: not YAML: Map keys must be unique'],
  ['an open bracket', 'autoscaler: {timezone: [UTC}', 'line 1, column 28: not YAML: Flow sequence in block collection must be sufficiently indented and end with a ]'],
  ['tabs', 'autoscaler:\n\ttimezone: UTC', 'line 2, column 1: not YAML: Tabs are not allowed as indentation'],
  ['two documents', 'autoscaler: {}\n---\nautoscaler: {}', 'line 2, column 1: not YAML: Source contains multiple documents; please use YAML.parseAllDocuments()'],
  ['a key that is a list', 'autoscaler: {? [a] : 2}', 'autoscaler["[\\"a\\"]"]: allowed as a key: a word'],
  ['a key that is nothing', 'autoscaler: {policies: {~: {}}}', 'autoscaler.policies.null: allowed as a key: a word'],
  ['an alias of nothing', 'autoscaler: *x', 'autoscaler = "*x": allowed: the name of an anchor that stands before, and not around it'],
  ['an alias inside of itself', 'autoscaler: &a {policies: *a}', 'autoscaler.policies = "*a": allowed: the name of an anchor that stands before, and not around it'],
];

describe('configuration: what is refused, in one line with file, field, value and what is allowed', () => {
  it.each(REFUSALS)('%s', (_what, yaml, message) => {
    expect(refusal(yaml)).toBe(message);
  });

  it('a small file that would be a huge tree', () => {
    const ten = (one: string) => `[${Array.from({ length: 10 }, () => one).join(', ')}]`;
    const bomb = `a: &a ${ten('x')}\nb: &b ${ten('*a')}\nc: &c ${ten('*b')}\nd: ${ten('*c')}\nautoscaler: {}`;
    expect(refusal(bomb)).toMatch(/^not usable YAML: Excessive alias count/);
  });

  it('nesting without an end, and junk', () => {
    expect(refusal(`autoscaler: ${'['.repeat(20_000)}`)).toMatch(/^line 1, column \d+: not YAML: /);
    expect(refusal('\u0000\u0001')).toMatch(/^the file = /);
  });

  it('long values are cut', () => {
    expect(refusal(`autoscaler: {timezone: ${'x'.repeat(5_000)}}`).length).toBeLessThan(200);
    expect(refusal(`autoscaler: {${'x'.repeat(5_000)}: 1}`).length).toBeLessThan(300);
  });

  it('more than a thousand policies', () => {
    const policies = Array.from({ length: 1_001 }, (_, index) => `p${index}: {}`).join(', ');
    expect(refusal(`autoscaler: {policies: {${policies}}}`)).toMatch(/allowed: at most 1000 policies$/);
  });

  it('never the value of a secret, whatever is wrong', () => {
    for (const [, yaml, message] of REFUSALS) {
      if (yaml.includes('hunter2')) expect(message).not.toContain('hunter2');
    }
  });

  it('more than 1 MiB', () => {
    expect(refusal(`# ${'é'.repeat(600_000)}\nautoscaler: {}`)).toBe('too large; allowed: at most 1048576 bytes');
  });
});

describe('configuration: variables that are refused', () => {
  const absent = 'the environment has no ZONE; allowed: a set variable or ${ZONE:-default}';
  it.each<[what: string, environment: Record<string, string>, message: string]>([
    ['unset', {}, `autoscaler.timezone = "\${ZONE}": ${absent}`],
    ['empty', { ZONE: '' }, `autoscaler.timezone = "\${ZONE}": ${absent}`],
    ['bad', { ZONE: 'Mars' }, 'autoscaler.timezone = "Mars": allowed: an IANA zone such as "Europe/Berlin"'],
  ])('%s', (_what, environment, message) => {
    expect(refusal('autoscaler: {timezone: "${ZONE}"}', environment)).toBe(message);
  });

  it('an unset variable in a list names its place, and masks a secret around it', () => {
    expect(refusal('autoscaler: {pools: [{}, {name: "x${N}"}]}')).toMatch(
      /^autoscaler\.pools\[1\]\.name = "x\$\{N\}": the env/,
    );
    expect(refusal('autoscaler: {bus: {kind: nats, password: "hunter2${N}"}}')).toMatch(
      /^autoscaler\.bus\.password = "\*\*\*": the env/,
    );
  });
});
