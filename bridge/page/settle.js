/** Who pays whom, whether fewer payments would do, and where each of them comes from. */

import { button, el, fill, onPress, setText, soft, ui, visible } from './dom.js'
import { attempt, copy, explain } from './notices.js'
import * as room from './room.js'
import { state, watch } from './store.js'
import { count, money, name, quote, settlementLines } from './text.js'
import { payLine } from './you.js'

onPress('settle-copy', () => copy(settlementLines(state.summary).join('\n'), 'Settlement copied.'))
ui.plan.addEventListener('change', () => room.plan(ui.plan.value))
watch(['summary', 'can'], ({ summary, can }) => {
  ui.settleTools.hidden = !summary?.settlements.length
  ui.plan.hidden = !can.has('why')
  fill(ui.settle, render(summary, can))
})

function render (summary, can) {
  if (!summary) return soft('Reading the ledger…')
  if (summary.balances.length === 0) return soft('Nothing to pay yet.')
  if (summary.settlements.length === 0) return el('p.settled', 'All settled')
  return [
    el('ul.payments', summary.settlements.map((payment) => row(payment, summary, can))),
    el('p.soft.hint', remark(summary)),
  ]
}

function row ({ from, to, amountCents }, unit, can) {
  const amount = money(amountCents, unit)
  const pay = () => attempt(() => room.say(payLine(from, to, amount)))
  return el(
    'li',
    el('span', name(from), ' ', el('span.arrow', { role: 'img', 'aria-label': 'pays' }, '→'), ' ', name(to)),
    el('b.figure', amount),
    can.has('pay') && button('', 'Pay', pay, { 'aria-label': `Pay ${visible(to)} ${amount} for ${visible(from)}` }),
    can.has('why') && why(`why ${quote(from)} -> ${quote(to)}`),
  )
}

/** The entries behind a payment, asked for when one wants to see them. */
function why (line) {
  const answer = el('p.hint', '…')
  const ask = async ({ target }) => {
    if (target.open) setText(answer, await room.say(line).then(({ text }) => text, explain))
  }
  return el('details', { toggle: ask }, el('summary.soft', 'why?'), answer)
}

/** Only claims what the peer has proved. */
function remark ({ settlements, plan }) {
  const made = count(settlements.length, 'transfer')
  if (plan?.optimal) return `${made}, provably minimal`
  return plan?.lowerBound ? `${made}; no plan needs fewer than ${plan.lowerBound}` : made
}
