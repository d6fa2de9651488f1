/** A row per member: a bar for the eye, the word and the number for everybody. */

import { byId, el, fill, reading } from './dom.js'
import { formatSigned, percentOf } from './money.js'
import { name } from './text.js'

export function mountBalances ({ store }) {
  store.watch(['summary', 'loaded', 'me'], (state) => fill(byId('balances'), render(state)))
}

function render ({ summary, loaded, me }) {
  if (!loaded) return reading()
  if (summary.balances.length === 0) return [el('p', { class: 'soft' }, 'Everybody starts at 0.00.')]
  const most = Math.max(...summary.balances.map((row) => Math.abs(row.cents)))
  const sum = summary.balances.reduce((total, row) => total + row.cents, 0)
  return [
    el(
      'table',
      { class: 'balances' },
      el('caption', { class: 'hidden' }, 'Balances, positive is owed to the member'),
      el('thead', { class: 'hidden' }, headRow()),
      el('tbody', {}, ...summary.balances.map((row) => balanceRow(row, most, row.member === me))),
      el('tfoot', {}, sumRow(sum)),
    ),
  ]
}

function headRow () {
  return el('tr', {}, ...['Member', 'Bar', 'Balance'].map((text) => el('th', { scope: 'col' }, text)))
}

function balanceRow ({ member, cents }, most, isMe) {
  const [look, word] = cents > 0 ? ['plus', 'gets back'] : cents < 0 ? ['minus', 'owes'] : ['even', 'settled']
  return el(
    'tr',
    { class: look },
    el('th', { scope: 'row' }, name(member), isMe && ' ', isMe && el('span', { class: 'tag' }, 'you')),
    el('td', {}, bar(cents, most)),
    el('td', { class: 'amount' }, el('span', { class: 'word' }, word), ' ', el('b', {}, formatSigned(cents))),
  )
}

/** Grows left or right from the zero line; the longest bar fills its half. */
function bar (cents, most) {
  const fillNode = el('span', { class: 'fill' })
  fillNode.style.width = `${percentOf(cents, most) / 2}%`
  return el('span', { class: 'track', 'aria-hidden': 'true' }, fillNode)
}

function sumRow (sum) {
  return el('tr', {}, el('th', { scope: 'row' }, 'Sum'), el('td', {}), el('td', { class: 'amount' }, formatSigned(sum)))
}
