/** An entry as the bridge tells it (docs/spec/13-sc-bridge.md, section 7), for every card that reads one. */

import { money } from './text.js'

/** "2026-11-23", where it was entered; "" when its author's clock says nothing. */
export function dayOf ({ date, ts }) {
  const at = new Date(ts)
  if (date || Number.isNaN(at.getTime())) return date ?? ''
  return [at.getFullYear(), at.getMonth() + 1, at.getDate()].map((part) => String(part).padStart(2, '0')).join('-')
}

/** Who paid, as [{ member, cents }]. */
export function paidOf ({ paid, payer, amountCents }) {
  return paid ?? [{ member: payer, cents: amountCents }]
}

/** Who owes, likewise. An equal split leaves its odd cents with those listed first. */
export function sharesOf ({ shares, split, amountCents }) {
  const odd = amountCents % split.length
  const floor = (amountCents - odd) / split.length
  return shares ?? split.map((member, i) => ({ member, cents: floor + (i < odd ? 1 : 0) }))
}

/** An amount of this entry as one types it, without the currency. */
export function amountOf (cents, { exponent }) {
  return money(cents, { exponent })
}

export function has (entry, mark) {
  return entry.marks?.includes(mark) ?? false
}

/** Counts as spending, in the room's own currency. */
export function spends (entry) {
  return entry.type !== 'payment' && !entry.currency && !has(entry, 'void') && !has(entry, 'cleared')
}
