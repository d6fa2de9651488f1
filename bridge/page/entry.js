/** Reading an entry as the bridge tells it (docs/spec/13-sc-bridge.md, section 7). */

import { money } from './text.js'

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

export function has (entry, mark) {
  return entry.marks.includes(mark)
}

export function counts (entry) {
  return !has(entry, 'void') && !has(entry, 'cleared')
}

/** Is spending, in the room's own currency. */
export function spends (entry) {
  return counts(entry) && entry.type !== 'payment' && !entry.currency
}
