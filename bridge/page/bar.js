/** The bar: connection, room, neighbours, the ledger's fingerprint, what deserves a look. */

import { el, fill, ui, visible } from './dom.js'
import { has } from './entry.js'
import { watch } from './store.js'
import { count, name } from './text.js'

const LINK = { closed: 'Not connected', connecting: 'Connecting…', ready: 'Connected', waiting: 'Connection lost' }

watch(['link', 'wasReady', 'channel', 'peers', 'entries'], ({ link, wasReady, channel, peers, entries }) => {
  const room = wasReady && channel
  const worry = (word, list) => list.length > 0 && el('li.warn', `${list.length} ${word}`)
  document.title = room ? `${visible(room)} · InterSplit` : 'InterSplit'
  fill(
    ui.pills,
    room && el('li.here', name(room)),
    el(`li.${link.name === 'ready' ? 'on' : 'off'}`, LINK[link.name]),
    room && peers && el('li', company(peers), el('code', peers.fp.slice(0, 4))),
    worry('unsigned', entries.filter((entry) => !entry.signed)),
    ['conflict', 'disputed'].map((mark) => worry(mark, entries.filter((entry) => has(entry, mark)))),
  )
})

/** "3 peers, same ledger 9f2c" is only said when all of them have it. */
function company ({ peers = 0, same }) {
  if (peers === 0) return 'ledger '
  return `${count(peers, 'peer')}, ${same < peers ? `${same} with` : 'same'} ledger `
}
