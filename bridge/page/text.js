/** Names, times, money and entries for the eye. Texts of money are cut digits. */

import { el } from './dom.js'

export const LINK = { closed: 'not connected', connecting: 'connecting…', ready: 'connected', waiting: 'connection lost' }

const CLOCK = new Intl.DateTimeFormat([], { hour: '2-digit', minute: '2-digit' })

/** A name as an element that keeps its direction to itself. */
export function name (text) {
  return el('bdi.name', text)
}

export function names (list) {
  return list.flatMap((text, i) => [i > 0 && ', ', name(text)])
}

export function quote (text) {
  return `"${text}"`
}

/** "trac1j8w…hsyrq": enough of a key or an address to tell two apart. */
export function shortKey (key) {
  return key.length <= 16 ? key : `${key.slice(0, 9)}…${key.slice(-5)}`
}

/** A time of day; strangers choose `ms`: it need not be a date. */
export function clock (ms) {
  const at = new Date(ms)
  if (Number.isNaN(at.getTime())) return 'no date'
  return el('time', { datetime: at.toISOString() }, CLOCK.format(at))
}

export function count (n, one, many = `${one}s`) {
  return `${n} ${n === 1 ? one : many}`
}

/** 3000 -> "30.00"; `unit` is what has an exponent, and a currency when it isn't the room's. */
export function money (minor, { exponent = 2, currency = '' } = {}) {
  const digits = String(Math.abs(minor)).padStart(exponent + 1, '0')
  const text = exponent ? `${digits.slice(0, -exponent)}.${digits.slice(-exponent)}` : digits
  return (minor < 0 ? '-' : '') + text + (currency && ` ${currency}`)
}

export function signed (minor, unit) {
  return (minor < 0 ? '' : '+') + money(minor, unit)
}

export function payment (unit, { from, to, amountCents }) {
  return `${from} -> ${to}: ${money(amountCents, unit)}`
}

/* Entries, as the bridge tells them (docs/spec/13-sc-bridge.md, section 7). */

/** "2026-11-23"; "" when its author's clock says nothing. */
export function dayOf ({ date, ts }) {
  const at = new Date(ts)
  if (date || Number.isNaN(at.getTime())) return date ?? ''
  return [at.getFullYear(), at.getMonth() + 1, at.getDate()].map((part) => String(part).padStart(2, '0')).join('-')
}

/** An amount of this entry as one types it, without the currency. */
export function amountOf (cents, { exponent }) {
  return money(cents, { exponent })
}

/** "ahead": of our clock, by more than a day. */
export function has ({ marks, ts }, mark) {
  return mark === 'ahead' ? ts > Date.now() + 864e5 : marks.includes(mark)
}

export function counts (entry) {
  return !has(entry, 'void') && !has(entry, 'cleared')
}

/** Is spending, in the room's own currency. */
export function spends (entry) {
  return counts(entry) && entry.type !== 'payment' && !entry.currency
}
