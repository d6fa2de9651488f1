/** Who pays whom, and whether it could be done with fewer payments. */

import { byId, el, fill, onPress, reading, spoken } from './dom.js'
import { formatMinor } from './money.js'
import { copy } from './notices.js'
import { settlementLines } from './room.js'
import { count, name } from './text.js'

export function mountSettle ({ store }) {
  onPress(byId('settle-copy'), () => copy(settlementLines(store.state.summary.settlements).join('\n'), 'Settlement copied.'))
  store.watch(['summary', 'loaded'], (state) => {
    byId('settle-copy').hidden = !state.summary?.settlements.length
    fill(byId('settle'), render(state))
  })
}

function render ({ summary, loaded }) {
  if (!loaded) return reading()
  if (summary.balances.length === 0) return [el('p', { class: 'soft' }, 'Nothing to pay yet.')]
  if (summary.settlements.length === 0) return [el('p', { class: 'settled' }, 'All settled')]
  return [
    el('ul', { class: 'payments' }, ...summary.settlements.map(payment)),
    el('p', { class: 'soft hint' }, remark(summary)),
  ]
}

function payment ({ from, to, amountCents }) {
  const arrow = el('span', { class: 'arrow', 'aria-hidden': 'true' }, '→')
  return el(
    'li',
    {},
    el('span', {}, name(from), ' ', arrow, spoken('pays'), ' ', name(to)),
    ' ',
    el('b', { class: 'figure' }, formatMinor(amountCents)),
  )
}

/** Only claims what the peer has proved. */
function remark ({ settlements, plan }) {
  const made = count(settlements.length, 'transfer', 'transfers')
  if (plan?.optimal) return `${made}, provably minimal`
  if (plan?.lowerBound) return `${made}; no plan needs fewer than ${plan.lowerBound}`
  return made
}
