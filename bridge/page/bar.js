/** The bar: connection, room, neighbours, fingerprint of the ledger, unsigned entries. */

import { byId, el, fill } from './dom.js'
import { count, name, visible } from './text.js'

const LINK = {
  closed: ['off', 'Not connected'],
  connecting: ['wait', 'Connecting…'],
  ready: ['on', 'Connected'],
  waiting: ['off', 'Connection lost'],
}

export function mountBar ({ store }) {
  store.watch(['link', 'wasReady', 'channel', 'peers', 'fingerprint', 'entries'], (state) => {
    const [look, word] = LINK[state.link.name]
    const room = state.wasReady ? state.channel : ''
    document.title = room ? `${visible(room)} · InterSplit` : 'InterSplit'
    fill(
      byId('pills'),
      room && pill('here', name(room)),
      pill(`link ${look}`, word),
      state.peers !== null && pill('', count(state.peers, 'neighbour', 'neighbours')),
      state.fingerprint && pill('', 'ledger ', el('code', {}, state.fingerprint.slice(0, 4))),
      unsignedPill(state.entries),
    )
  })
}

function pill (look, ...content) {
  return el('li', { class: look || null }, ...content)
}

function unsignedPill (entries) {
  const unsigned = entries.filter((entry) => !entry.signed).length
  return unsigned > 0 && pill('warn', `${unsigned} unsigned`)
}
