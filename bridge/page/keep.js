/** The room as a whole: who is in it and what it agreed on, balance, persist, restore, export, clear. */

import { draft } from './assistant.js'
import { button, el, onPress, soft, ui, visible } from './dom.js'
import { copy, run } from './notices.js'
import { show, state } from './store.js'
import { name, quote, shortKey } from './text.js'

const DEEDS = ['joins', 'leaves', 'weight 2', 'show Bobby'].map((deed) => `member bob ${deed}`)
const VALUE = { weights: (n) => `*${n}`, percent: (n) => ` ${n / 100}%`, equal: () => '' }
let shown /* { format, data } */

for (const line of ['balance', 'clear', 'persist', 'restore']) onPress(line, () => run(line))
for (const format of ['text', 'csv', 'json'])
  onPress(`export-${format}`, async () => showExport((await run(`export ${format}`))?.exported))
onPress('export-copy', () => copy(shown.data, 'Export copied.'))
onPress('export-save', download)
show(ui.rules, ['settings'], ({ summary, settings }) => [
  el('ul', summary.members.map((one) => el('li', describe(one)))),
  soft('To change any of it, change a line:'),
  el('div.chips', settings && [...rules(settings), ...DEEDS].map((line) => button('.chip', line, () => draft(line)))),
])

export function showExport (exported) {
  if (!exported) return
  shown = exported
  ui.export.hidden = false
  ui.export.closest('details').open = true
  ui.exportData.value = visible(exported.data)
  ui.export.scrollIntoView({ block: 'nearest' })
}

function download () {
  const href = URL.createObjectURL(new Blob([shown.data]))
  el('a', { href, download: `${state.channel.replace(/[^\w-]+/g, '_')}.${shown.format.replace('text', 'txt')}` }).click()
  setTimeout(() => URL.revokeObjectURL(href), 1_000)
}

/* Members and rules, as lines of the assistant's grammar, to be changed there. */

function describe ({ name: who, show: alias, active, weight, contested, key }) {
  const tag = (look, text) => [' ', el(`span.tag${look}`, text)]
  return [
    name(who),
    alias && ` ${alias}`,
    weight > 1 && tag('', `weight ${weight}`),
    !active && tag('', 'left'),
    key && tag('', `signs as ${shortKey(key)}`),
    contested && tag('.warn', 'claimed twice'),
  ]
}

function rules ({ presets, currency, ...settings }) {
  const word = { true: 'on', false: 'off', '': 'off' }
  return [
    `room currency ${currency || 'EUR'}`,
    ...['edit', 'count', 'unsigned', 'writers', 'rotate', 'default'].map((key) => `room ${key} ${word[settings[key]] ?? settings[key]}`),
    ...presets.map(({ name, mode, split }) => `room preset ${quote(name)} split ${split.map((one) => quote(one.name) + VALUE[mode](one.value)).join(',')}`),
  ]
}
