/** Names, times, money and entries for the eye. Texts of money are cut digits. */

import { el } from './dom.js'

const CLOCK = new Intl.DateTimeFormat([], { hour: '2-digit', minute: '2-digit' })

/** An element that keeps its direction to itself. */
export const name = (text) => el('bdi.name', text)

/** Members of an entry, with what each has of it where its `unit` is given. */
export const names = (parts, unit) => parts.flatMap(({ member, cents }, i) => [i > 0 && ', ', name(member), unit && ` ${amountOf(cents, unit)}`])

export const quote = (text) => `"${text}"`

export const shortKey = (key) => (key.length <= 16 ? key : `${key.slice(0, 9)}…${key.slice(-5)}`)

/** A time of day; strangers choose `ms`: it need not be a date. */
export function clock (ms) {
  const at = new Date(ms)
  return Number.isNaN(at.getTime()) ? 'no date' : el('time', { datetime: at.toISOString() }, CLOCK.format(at))
}

export const count = (n, one, many = `${one}s`) => `${n} ${n === 1 ? one : many}`

/** 3000 -> "30.00"; `unit` is what has an exponent, and a currency when it isn't the room's. */
export function money (minor, { exponent = 2, currency = '' } = {}) {
  const digits = String(Math.abs(minor)).padStart(exponent + 1, '0')
  const text = exponent ? `${digits.slice(0, -exponent)}.${digits.slice(-exponent)}` : digits
  return (minor < 0 ? '-' : '') + text + (currency && ` ${currency}`)
}

export const signed = (minor, unit) => (minor < 0 ? '' : '+') + money(minor, unit)

export const payment = (unit, { from, to, amountCents }) => `${from} -> ${to}: ${money(amountCents, unit)}`

/* Entries, as the bridge tells them (docs/spec/13-sc-bridge.md, section 7). */

/** "2026-11-23"; "" when its author's clock says nothing. */
export function dayOf ({ date, ts }) {
  const at = new Date(ts)
  if (date || Number.isNaN(at.getTime())) return date ?? ''
  return [at.getFullYear(), at.getMonth() + 1, at.getDate()].map((part) => String(part).padStart(2, '0')).join('-')
}

/** An amount as one types it, without the currency. */
export const amountOf = (cents, { exponent }) => money(cents, { exponent })

/** "ahead": of our clock, by more than a day. */
export const has = ({ marks, ts }, mark) => (mark === 'ahead' ? ts > Date.now() + 864e5 : marks.includes(mark))

export const counts = (entry) => !has(entry, 'void') && !has(entry, 'cleared')

/** In the room's own currency. */
export const spends = (entry) => counts(entry) && entry.type !== 'payment' && !entry.currency
