/** One line for everything; the peer parses it, also while one types, to say what Enter would do. */

import { fieldError, goTo, onPress, onSubmit, setText, ui } from './dom.js'
import { showExport } from './keep.js'
import { explain, say } from './notices.js'
import * as room from './room.js'
import { members, state } from './store.js'

const PREVIEW_AFTER_MS = 150

let lines = ['']
let at = 0
const preview = previewer((words) => setText(ui.sayPreview, words))

onSubmit('assistant-form', async () => {
  preview('')
  const text = ui.say.value.trim()
  if (await run(text)) remember(text)
})
onPress('say-word', complete)
ui.say.addEventListener('input', typed)
ui.say.addEventListener('keydown', (event) => {
  const accept = event.key === 'ArrowRight' && !ui.sayWord.hidden && ui.say.selectionStart === ui.say.value.length
  if (accept) complete()
  else if (recall({ ArrowUp: -1, ArrowDown: 1 }[event.key])) typed()
  else return
  event.preventDefault()
})

function typed () {
  fieldError('say', '')
  preview(ui.say.value.trim())
  suggest(ui.say.value)
}

function complete () {
  ui.say.value = ui.say.value.slice(0, -lastWord(ui.say.value).length) + ui.sayWord.dataset.word
  ui.say.focus()
  typed()
}

export function draft (text) {
  ui.say.value = text
  goTo('say')
  typed()
}

async function run (text) {
  if (!text) return false
  try {
    const done = await room.say(text)
    const long = done.text.includes('\n')
    ui.sayWord.hidden = true
    showExport(done.exported)
    setText(ui.sayPreview, long ? done.text : '')
    say(long ? '' : done.text, done.undo)
    return true
  } catch (error) {
    fieldError('say', explain(error))
    return false
  }
}

/** Ask after a pause what a line would do, and `show(sentence, refused)`; late answers are dropped. */
export function previewer (show) {
  let turn = 0
  return (text) => {
    const ask = async () => {
      const answer = await room.preview(text).then((words) => [words, false], (error) => [error.message, true])
      if (mine === turn) show(...answer)
    }
    clearTimeout(turn)
    const mine = turn = text ? setTimeout(ask, PREVIEW_AFTER_MS) : 0
    if (!text) show('', false)
  }
}

function remember (text) {
  lines = [...lines.slice(0, -1).filter((line) => line !== text), text, '']
  at = lines.length - 1
  ui.say.value = ''
}

function recall (step) {
  if (!(at + step in lines)) return false
  lines[at] = ui.say.value
  at += step
  ui.say.value = lines[at]
  return true
}

const lastWord = (text) => /[^\s,]*$/.exec(text)[0].toLowerCase()

function suggest (text) {
  const word = lastWord(text)
  const fit = word && [...members(), ...state.words, 'split', 'note'].find((known) => known.startsWith(word) && known !== word)
  ui.sayWord.hidden = !fit
  ui.sayWord.dataset.word = fit
  setText(ui.sayWord, fit || '')
}
