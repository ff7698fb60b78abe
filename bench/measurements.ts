/** Every measurement, in the order in which they run. */
import { curves } from "./curves/curves.ts";
import type { Measurement } from "./figures.ts";
import { answers } from "./measure/answers.ts";
import { append } from "./measure/append.ts";
import { badBodiesMemory } from "./measure/bad-bodies.ts";
import { fold } from "./measure/fold.ts";
import { forget } from "./measure/forget.ts";
import { indexUpdate } from "./measure/index-update.ts";
import { ingest } from "./measure/ingest.ts";
import { memory } from "./measure/memory.ts";
import { overload } from "./measure/overload.ts";
import { push } from "./measure/push.ts";
import { restart } from "./measure/restart.ts";
import { servedAnswers } from "./measure/served-answers.ts";
import { takedown } from "./measure/takedown.ts";
import { servedMillion } from "./million/served-million.ts";

export const measurements: readonly Measurement[] = [
  fold,
  append,
  indexUpdate,
  answers,
  restart,
  memory,
  curves,
  forget,
  ingest,
  servedAnswers,
  servedMillion,
  push,
  takedown,
  overload,
  badBodiesMemory,
];
