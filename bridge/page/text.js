/** Names, times and money for the eye. Money is an integer: its texts are cut digits. */

import { el } from './dom.js'

/** A name as an element that keeps its direction to itself. */
export function name (text) {
  return el('bdi.name', text)
}

export function names (list) {
  return list.flatMap((text, i) => [i > 0 && ', ', name(text)])
}

/** A name in a line for the assistant. */
export function quote (text) {
  return `"${text}"`
}

/** "trac1j8w…hsyrq": enough of a key or an address to tell two apart. */
export function shortKey (key) {
  return key.length <= 16 ? key : `${key.slice(0, 9)}…${key.slice(-5)}`
}

/** A time of day; strangers choose `ms`, so it need not be a date at all. */
export function clock (ms) {
  const at = new Date(ms)
  if (Number.isNaN(at.getTime())) return 'no date'
  return el('time', { datetime: at.toISOString() }, at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' }))
}

/** "1 entry", "2 entries" */
export function count (n, one, many = `${one}s`) {
  return `${n} ${n === 1 ? one : many}`
}

/** 3000 -> "30.00"; `unit` is what has an exponent, and a currency when it isn't the room's. */
export function money (minor, { exponent = 2, currency = '' } = {}) {
  const digits = String(Math.abs(minor)).padStart(exponent + 1, '0')
  const text = exponent ? `${digits.slice(0, -exponent)}.${digits.slice(-exponent)}` : digits
  return (minor < 0 ? '-' : '') + text + (currency && ` ${currency}`)
}

/** "+15.00", "-15.00", "+0.00" */
export function signed (minor, unit) {
  return (minor < 0 ? '' : '+') + money(minor, unit)
}

/** "bob -> alice: 15.00" */
export function payment (unit, { from, to, amountCents }) {
  return `${from} -> ${to}: ${money(amountCents, unit)}`
}
