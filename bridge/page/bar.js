/** The bar: connection, room, company, what deserves a look. */

import { el, fill, ui, visible } from './dom.js'
import { watch } from './store.js'
import { LINK, count, counts, has, name } from './text.js'

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
    ['conflict', 'disputed'].map((mark) => number('.warn', mark, (entry) => has(entry, mark))),
  )
})

/** "3 peers, same ledger 9f2c" is only said when all of them have it. */
function company ({ peers = 0, same }) {
  if (peers === 0) return 'ledger '
  return `${count(peers, 'peer')}, ${same < peers ? `${same} with` : 'same'} ledger `
}
