/** Every card wires itself; then we go in, if we know how. */

import './add.js'
import './assistant.js'
import './balances.js'
import './bar.js'
import './charts.js'
import './feed.js'
import './keep.js'
import './keys.js'
import './settle.js'
import './timeline.js'
import './you.js'

import { prefill } from './connect.js'
import { ui } from './dom.js'
import { watch } from './store.js'

watch(['wasReady'], ({ wasReady }) => {
  ui.room.hidden = !wasReady
  document.body.classList.toggle('out', !wasReady)
})
for (const card of document.querySelectorAll('.fold')) card.open = matchMedia('(min-width: 56rem)').matches

prefill()
