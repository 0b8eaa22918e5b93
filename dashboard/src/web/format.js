// @ts-check
const LOCALE = 'en-US';
const compact = new Intl.NumberFormat(LOCALE, { notation: 'compact', maximumSignificantDigits: 3 });
const plain = new Intl.NumberFormat(LOCALE, { maximumSignificantDigits: 3 });
const whole = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 });
const BINARY = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
/** @type {Readonly<Record<string, string>>} */
const OWN_UNITS = { 'requested-cpu': 'millicores', 'requested-memory': 'bytes', 'requested-pods': 'pods' };
const NONE = '–';
/** Keeps a number and its unit on one line. */
const NBSP = '\u00a0';

/** A measured value, short: 1234.5 "req/s" -> "1,230 req/s". Bytes become GiB, millicores cores. @param {number | null} value @param {string} unit */
export function formatValue(value, unit) {
  if (value === null) return NONE;
  if (unit === 'bytes') return formatBytes(value);
  if (unit === 'millicores') return `${short(value / 1000)}${NBSP}cores`;
  return unit === '' ? short(value) : `${short(value)}${NBSP}${unit}`;
}

/** The unit of a signal; those that Forescale measures itself have one without being told. @param {{ name: string, unit: string } | null} signal */
export function unitOf(signal) {
  return signal?.unit || (OWN_UNITS[signal?.name ?? ''] ?? '');
}

/** @param {number} value */
function short(value) {
  const size = Math.abs(value);
  if (size >= 100_000) return compact.format(value);
  return size >= 1_000 ? whole.format(Number(value.toPrecision(3))) : plain.format(value);
}

/** @param {number} bytes */
function formatBytes(bytes) {
  const power = bytes > 0 ? Math.min(BINARY.length - 1, Math.floor(Math.log2(bytes) / 10)) : 0;
  return `${plain.format(bytes / 2 ** (10 * power))}${NBSP}${BINARY[power]}`;
}

/** A tick of a vertical axis: as short as can be, without its unit. @param {number} value @param {string} unit */
export function formatTick(value, unit) {
  if (unit === 'bytes') return formatBytes(value).replace(NBSP, '');
  return compact.format(unit === 'millicores' ? value / 1000 : value);
}

/** "1 node", "4 nodes". @param {number | null} count */
export function formatNodes(count) {
  if (count === null) return NONE;
  return `${whole.format(count)} ${count === 1 ? 'node' : 'nodes'}`;
}

/** @param {number | null} count */
export function formatCount(count) {
  return count === null ? NONE : whole.format(count);
}

/** Cents, or a tenth of a cent where it matters: 0.096 -> "$0.096", 12.4 -> "$12.40". @param {number | null} usd */
export function formatUsd(usd) {
  if (usd === null) return NONE;
  const size = Math.abs(usd);
  const digits = size >= 1000 ? 0 : size >= 1 || size === 0 ? 2 : 3;
  const text = size.toLocaleString(LOCALE, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return `${usd < 0 ? '−' : ''}$${text}`;
}

/** 0.873 -> "87 %". @param {number | null} share */
export function formatShare(share) {
  return share === null ? NONE : `${Math.round(share * 100)}${NBSP}%`;
}

/** The two largest units of a span, without its sign: 3900 -> "1 h 5 min". @param {number} seconds */
export function formatDuration(seconds) {
  const s = Math.round(Math.abs(seconds));
  if (s < 60) return `${s}${NBSP}s`;
  const minutes = Math.round(s / 60);
  if (minutes < 60) return `${minutes}${NBSP}min`;
  const [hours, restMinutes] = [Math.floor(minutes / 60), minutes % 60];
  if (hours < 48) return restMinutes === 0 ? `${hours}${NBSP}h` : `${hours}${NBSP}h ${restMinutes}${NBSP}min`;
  const [days, restHours] = [Math.floor(hours / 24), hours % 24];
  return restHours === 0 ? `${days}${NBSP}d` : `${days}${NBSP}d ${restHours}${NBSP}h`;
}

/**
 * Times of day in one zone, the browser's unless told. @param {string} [timeZone]
 */
export function clockIn(timeZone) {
  const zone = timeZone === undefined ? {} : { timeZone };
  const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', ...zone });
  const day = new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric', month: 'short', ...zone });
  return {
    /** "14:05". @param {number} epochS */
    time: (epochS) => time.format(epochS * 1000),
    /** "Tue 5 May, 14:05". @param {number} epochS */
    moment: (epochS) => `${day.format(epochS * 1000).replace(',', '')}, ${time.format(epochS * 1000)}`,
    /** "Tue 5 May" at midnight, else null. @param {number} epochS */
    day: (epochS) => (time.format(epochS * 1000) === '00:00' ? day.format(epochS * 1000).replace(',', '') : null),
    zone: time.resolvedOptions().timeZone,
  };
}
