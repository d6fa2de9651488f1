/** The bar; the way in, in three steps, and a sentence for all that stops them. */

import { button, el, fieldError, fill, onPress, onSubmit, setText, ui, value, visible } from './dom.js'
import { browser, configuredBridge, tab, takeFragment } from './memory.js'
import { retryNow } from './connection.js'
import * as room from './room.js'
import { state, watch } from './store.js'
import { count, counts, has, name } from './text.js'

const LINK = { closed: 'not connected', connecting: 'connecting…', ready: 'connected', waiting: 'connection lost' }
const MANY = 8 /* peers: others who would say the same may keep silent */
const STEPS = ['connect', 'join', 'subscribe']
const HELP = {
  unreachable: ' Is the peer running, with --sc-bridge 1, on this port?',
  token: ' The peer was started with another one.',
}

onSubmit('connect-form', connect)
for (const next of ['join', 'subscribe']) onPress(next, () => step(next))
onPress('disconnect', leave)
watch(['channel'], ({ channel }) => {
  ui.channel.value = channel || ui.channel.value
})
watch(['link', 'joined', 'subscribed', 'channel'], render)
watch(['link', 'wasReady', 'channel', 'peers', 'entries'], ({ link, wasReady, channel, peers, entries }) => {
  const room = wasReady && channel
  const number = (look, word, is) => {
    const n = entries.filter(is).length
    return n > 0 && el(`li${look}`, `${n} ${word}`)
  }
  document.title = room ? `${visible(room)} · InterSplit` : 'InterSplit'
  fill(
    ui.pills,
    room && el('li.here', name(room)),
    el(`li.${link.name === 'ready' ? 'on' : 'off'}`, LINK[link.name]),
    room && peers && el('li', company(peers), el('code', peers.fp.slice(0, 4))),
    number('', 'unconfirmed', (entry) => counts(entry) && !has(entry, 'confirmed')),
    ['conflict', 'disputed', 'forked'].map((mark) => number('.warn', mark, (entry) => has(entry, mark))),
  )
})
watch(['joined', 'subscribed'], ({ joined, subscribed }) => {
  const card = ui.connection
  if (!joined || !subscribed) return
  if (card.contains(document.activeElement)) card.querySelector('summary').focus()
  card.open = false
})

/** From the server, the fragment and the tab; is it enough to go in? */
export async function prefill () {
  const given = takeFragment()
  ui.token.value = given.token || tab.get('token')
  ui.channel.value = given.channel || browser.get('channel')
  ui.url.value = (!given.token && tab.get('url')) || (await configuredBridge()) || ui.url.value
  return given.token || tab.get('in')
}

export async function goIn () {
  if ((await connect()) && (await step('join'))) await step('subscribe')
}

async function connect () {
  clearErrors()
  tab.set('token', ui.token.value)
  tab.set('url', value('url'))
  browser.set('channel', value('channel'))
  try {
    await room.connect(value('url'), ui.token.value, value('channel'))
    tab.set('in', '1')
    return true
  } catch {
    document.querySelector('#connect-form [aria-invalid]')?.focus()
    return false
  }
}

/** Join or subscribe; true when done. */
async function step (name) {
  clearErrors()
  const ready = state.link.name === 'ready'
  try {
    if (ready) await room.step(name, value('channel'))
    else setText(ui.connectHint, 'Connect first.')
    browser.set('channel', value('channel'))
  } catch (error) {
    fieldError('channel', error.message)
    ui[name].focus()
    return false
  }
  return ready
}

function leave () {
  tab.set('in', '')
  tab.set('token', '')
  ui.token.value = ''
  room.disconnect()
  ui.connect.focus()
}

function clearErrors () {
  for (const id of ['url', 'token', 'channel']) fieldError(id, '')
}

function render () {
  const { link, joined, subscribed, channel } = state
  const done = { connect: link.name === 'ready', join: joined, subscribe: subscribed }
  if (done.connect) clearErrors()
  if (link.error) fieldError(link.error.code === 'token' ? 'token' : 'url', link.error.message + (HELP[link.error.code] ?? ''))
  if (link.error || link.name === 'waiting') ui.connection.open = true
  setText(ui.connectionLine, done.connect ? [channel, joined && 'joined', subscribed && 'subscribed'].filter(Boolean).join(' · ') : LINK[link.name])
  fill(ui.connectHint, link.name === 'waiting' && ['The connection to the peer broke off. ', button('.link', 'Try now', retryNow)])
  ui.disconnect.hidden = link.name === 'closed'
  for (const id of STEPS) {
    ui[id].classList.toggle('done', done[id])
    ui[id].classList.toggle('primary', id === STEPS.find((next) => !done[next]))
  }
}

/** "3 peers, same ledger 9f2c" is only said when all of them have it. */
function company ({ peers = 0, same }) {
  const least = peers < MANY ? '' : 'at least '
  if (peers === 0) return 'ledger '
  return `${least}${count(peers, 'peer')}, ${same < peers ? `${least}${same} with` : 'same'} ledger `
}
