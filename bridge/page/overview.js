/** What was spent, and where "I" stand. Who I am is only this browser's knowledge. */

import { byId, el, fill, reading } from './dom.js'
import { browser } from './memory.js'
import { formatMinor } from './money.js'
import { members } from './store.js'
import { count, name, visible } from './text.js'

export function mountOverview ({ store }) {
  byId('me').addEventListener('change', () => {
    browser.set(`me.${store.state.channel}`, byId('me').value)
    store.set({ me: byId('me').value })
  })
  store.watch(['channel'], ({ channel }) => store.set({ me: browser.get(`me.${channel}`) }))
  store.watch(['summary', 'me', 'loaded'], render)
}

function render (state) {
  const all = members(state)
  const known = all.includes(state.me)
  renderChoice(all, known ? state.me : '')
  byId('me-row').hidden = all.length === 0
  fill(byId('overview'), known ? standing(state) : spent(state))
}

function renderChoice (all, me) {
  const wanted = ['', ...all].join('\n')
  const choice = byId('me')
  if (choice.dataset.names !== wanted) {
    choice.dataset.names = wanted
    fill(choice, el('option', { value: '' }, 'just looking'), ...all.map((who) => el('option', { value: who }, visible(who))))
  }
  if (choice.value !== me) choice.value = me
}

function spent ({ summary, loaded, channel }) {
  if (!loaded) return reading()
  if (summary.eventCount === 0) return emptyRoom(channel)
  return [
    el('p', { class: 'headline' }, el('b', { class: 'figure' }, formatMinor(summary.totalCents)), ' spent'),
    el('p', { class: 'soft' }, `${count(summary.eventCount, 'entry', 'entries')} · ${count(summary.balances.length, 'person', 'people')}`),
  ]
}

function emptyRoom (channel) {
  return [
    el('p', { class: 'headline' }, 'Nothing spent in ', name(channel), ' yet'),
    el('p', { class: 'soft' }, 'Add the first expense with the form, or tell the assistant: ', el('code', {}, 'add alice 30 split alice,bob note dinner')),
  ]
}

function standing ({ summary, me }) {
  const cents = summary.balances.find((row) => row.member === me)?.cents ?? 0
  const mine = summary.settlements.filter(({ from, to }) => from === me || to === me)
  return [
    el('p', { class: 'headline' }, name(me), ...verdict(cents)),
    ...mine.map((payment) => el('p', { class: 'soft' }, ...instruction(payment, me))),
    el('p', { class: 'soft' }, `${formatMinor(summary.totalCents)} spent in ${count(summary.eventCount, 'entry', 'entries')}`),
  ]
}

function verdict (cents) {
  if (cents === 0) return [', you are all square']
  const figure = el('b', { class: `figure ${cents < 0 ? 'minus' : 'plus'}` }, formatMinor(Math.abs(cents)))
  return cents < 0 ? [', you owe ', figure] : [', you get back ', figure]
}

function instruction ({ from, to, amountCents }, me) {
  const amount = formatMinor(amountCents)
  return from === me ? ['Pay ', name(to), ` ${amount}`] : [name(from), ` pays you ${amount}`]
}
