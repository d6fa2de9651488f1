/** Who pays whom, whether fewer payments would do, and where each of them comes from. */

import { button, el, fill, onPress, soft, ui, visible } from './dom.js'
import { attempt, copy, explain } from './notices.js'
import * as room from './room.js'
import { currencies, transfers, watch } from './store.js'
import { count, money, name, payment, quote, signed } from './text.js'
import { payLine } from './you.js'

onPress('settle-copy', () => copy(transfers().map((one) => payment(one.unit, one)).join('\n'), 'Settlement copied.'))
ui.plan.addEventListener('change', () => room.plan(ui.plan.value))
watch(['summary', 'can'], ({ summary, can }) => {
  const all = summary ? transfers() : []
  ui.settleTools.hidden = all.length === 0
  ui.plan.hidden = !can.has('why')
  if (!summary) fill(ui.settle, soft('Reading the ledger…'))
  else if (summary.eventCount === 0) fill(ui.settle, soft('Nothing to pay yet.'))
  else if (all.length === 0) fill(ui.settle, el('p.settled', 'All settled'))
  else fill(ui.settle, el('ul.payments', all.map((one) => row(one, can))), currencies().map(remark))
})

function row ({ from, to, amountCents, unit }, can) {
  const amount = money(amountCents, unit)
  const pay = () => attempt(() => room.say(payLine(from, to, amount)))
  return el(
    'li',
    el('span', name(from), ' ', el('span.arrow', { role: 'img', 'aria-label': 'pays' }, '→'), ' ', name(to)),
    el('b.figure', amount),
    can.has('pay') && button('', 'Pay', pay, { 'aria-label': `Pay ${visible(to)} ${amount} for ${visible(from)}` }),
    can.has('why') && why({ from, to, unit }),
  )
}

/** The entries behind a payment, asked for when one wants to see them. */
function why ({ from, to, unit }) {
  const answer = el('div.soft')
  const cause = ({ event, fromCents, toCents }) => el(
    'p',
    `${event.note || 'no note'} ${money(event.amountCents, event)}: `,
    name(from), ` ${signed(fromCents, unit)}, `, name(to), ` ${signed(toCents, unit)}`,
  )
  const ask = async () => fill(answer, await room.say(`why ${quote(from)} -> ${quote(to)}`).then(({ result }) => result.why.causes.map(cause), explain))
  return el('details', { toggle: ask }, el('summary.soft', 'why?'), answer)
}

/** Only claims what the peer has proved. */
function remark ({ settlements, plan, currency }) {
  const made = `${count(settlements.length, 'transfer')}${currency && ` in ${currency}`}`
  const proof = plan.optimal ? ', provably minimal' : plan.lowerBound ? `; no plan needs fewer than ${plan.lowerBound}` : ''
  return settlements.length > 0 && el('p.soft.hint', made + proof)
}
