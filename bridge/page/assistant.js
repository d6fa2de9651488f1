/** One line for everything; the peer parses it, also while one types, to say what Enter would do. */

import { fieldError, onPress, onSubmit, setText, ui } from './dom.js'
import { showExport } from './keep.js'
import { explain, say } from './notices.js'
import * as room from './room.js'
import { members, state } from './store.js'

const PREVIEW_AFTER_MS = 150
const HISTORY_LINES = 50

const recall = history(ui.say)
const preview = previewer((words) => setText(ui.sayPreview, words))

onSubmit('assistant-form', async () => {
  preview('')
  if (await run(ui.say.value.trim())) recall.add()
})
onPress('say-word', complete)
ui.say.addEventListener('input', typed)
ui.say.addEventListener('keydown', (event) => {
  const accept = event.key === 'ArrowRight' && !ui.sayWord.hidden && ui.say.selectionStart === ui.say.value.length
  if (accept) complete()
  else if (recall.move({ ArrowUp: -1, ArrowDown: 1 }[event.key])) typed()
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

/** Returns what asks, after a pause, what a line would do: `show(sentence, refused)`. Late answers are dropped. */
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

/** Earlier lines of `input`; the one being written isn't lost. */
function history (input) {
  let lines = [] /* the newest last */
  let at = 0
  let draft = ''
  return {
    add () {
      lines = [...lines.filter((line) => line !== input.value), input.value].slice(-HISTORY_LINES)
      at = lines.length
      input.value = ''
    },
    /** True when there was a line to go to. */
    move (step) {
      if (!step || at + step < 0 || at + step > lines.length) return false
      if (at === lines.length) draft = input.value
      at += step
      input.value = lines[at] ?? draft
      return true
    },
  }
}

function lastWord (text) {
  return /[^\s,]*$/.exec(text)[0].toLowerCase()
}

/** The first name or word that the last one could become. */
function suggest (text) {
  const word = lastWord(text)
  const fit = word && [...members(), ...state.can, 'split', 'note'].find((known) => known.startsWith(word) && known !== word)
  ui.sayWord.hidden = !fit
  ui.sayWord.dataset.word = fit
  setText(ui.sayWord, fit || '')
}
