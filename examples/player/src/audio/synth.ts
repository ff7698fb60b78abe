/**
 * Plays a score with the browser's own oscillators. Silent until the listener turns the sound on; then it looks
 * a little ahead and schedules the notes that are due.
 */
import type { Track } from "../../catalogue/track.ts";
import { type Note, type Score, scoreOf } from "./score.ts";

const lookAheadS = 0.25;
const stepMs = 80;

export class Synth {
  #context: AudioContext | undefined;
  #out: GainNode | undefined;
  #noise: AudioBuffer | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #score: Score | undefined;
  #loopAt = 0;
  #nextNote = 0;

  /** Must be called from a click the first time: browsers let no page make a sound before. */
  play(track: Track): void {
    this.stop();
    const context = (this.#context ??= new AudioContext());
    void context.resume();
    this.#out = new GainNode(context, { gain: 0.5 });
    this.#out.connect(context.destination);
    this.#score = scoreOf(track);
    this.#loopAt = context.currentTime + 0.05;
    this.#nextNote = 0;
    this.#timer = setInterval(() => this.#schedule(), stepMs);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    const [out, context] = [this.#out, this.#context];
    if (out === undefined || context === undefined) return;
    out.gain.setTargetAtTime(0, context.currentTime, 0.04);
    setTimeout(() => out.disconnect(), 400);
    this.#out = undefined;
  }

  #schedule(): void {
    const [context, score] = [this.#context, this.#score];
    if (context === undefined || score === undefined) return;
    const beatS = 60 / score.bpm;
    for (;;) {
      const note = score.notes[this.#nextNote];
      if (note === undefined) {
        this.#nextNote = 0;
        this.#loopAt += score.beats * beatS;
        continue;
      }
      const at = this.#loopAt + note.beat * beatS;
      if (at > context.currentTime + lookAheadS) return;
      // A page in the background wakes late: what is past is left out.
      if (at >= context.currentTime) this.#sound(note, at, note.beats * beatS, score);
      this.#nextNote += 1;
    }
  }

  #sound(note: Note, at: number, seconds: number, score: Score): void {
    const context = this.#context!;
    const gain = new GainNode(context, { gain: 0 });
    gain.connect(this.#out!);
    gain.gain.setValueAtTime(note.gain, at);
    const end = at + Math.max(0.12, seconds);
    gain.gain.exponentialRampToValueAtTime(0.0008, end);
    const source =
      note.voice === "hat" || note.voice === "snare" ? this.#hiss() : this.#tone(note, at, score);
    if (note.voice === "hat" || note.voice === "snare") {
      const frequency = note.voice === "hat" ? 7_000 : 1_500;
      source.connect(new BiquadFilterNode(context, { type: "highpass", frequency })).connect(gain);
    } else if (note.voice === "chord" || note.voice === "lead") {
      const dull = new BiquadFilterNode(context, { type: "lowpass", frequency: score.brightness });
      source.connect(dull).connect(gain);
    } else source.connect(gain);
    source.start(at);
    source.stop(end);
  }

  #tone(note: Note, at: number, { isRough }: Score): OscillatorNode {
    const context = this.#context!;
    const frequency = note.voice === "kick" ? 120 : 440 * 2 ** ((note.pitch - 69) / 12);
    const plain = note.voice === "lead" ? "triangle" : "sine";
    const type =
      note.voice === "chord" && isRough ? "sawtooth" : note.voice === "bass" ? "triangle" : plain;
    const tone = new OscillatorNode(context, { type, frequency });
    if (note.voice === "kick") tone.frequency.exponentialRampToValueAtTime(42, at + 0.12);
    return tone;
  }

  #hiss(): AudioBufferSourceNode {
    const context = this.#context!;
    if (this.#noise === undefined) {
      this.#noise = new AudioBuffer({ length: context.sampleRate, sampleRate: context.sampleRate });
      const samples = this.#noise.getChannelData(0);
      for (let i = 0; i < samples.length; i++) samples[i] = Math.random() * 2 - 1;
    }
    return new AudioBufferSourceNode(context, { buffer: this.#noise });
  }
}
