/** JSON of the server's endpoints and values that several modules share; checked, never served. */

/** Returns a text of the catalogue with the values in braces filled in. */
export type Translate = (key: string, values?: Record<string, unknown>) => string;

/** Part of every page. */
interface BasePage {
  page: number;
  pages: number;
  kind: string;
  phase: "training" | "test";
  language: string;
  /** Time since the server first showed the page, ms. */
  age_ms: number;
  /** Gain that the listener chose, or null. */
  loudness: number | null;
}

/** State of one version as it is saved. */
export interface State {
  score: number | null;
  n_plays: number;
  heard_ms: number;
  rating_time_ms: number | null;
  seq: number;
}

export interface Chosen {
  choice: "first" | "second" | "none" | null;
  rating_time_ms: number | null;
  seq: number;
}

/** Page on which versions are heard and rated, or compared. */
export interface RatingPage extends BasePage {
  prompt: string;
  text: string | null;
  attention: number | null;
  /** Left out for `ab`. */
  labels?: string[] | null;
  no_preference?: boolean;
  on_switch: "restart" | "keep_position";
  sample_rate: number;
  /** Address of the open reference, or null. */
  reference: string | null;
  /** Addresses of the versions. */
  slots: string[];
  saved: Record<number, Partial<State>>;
  chosen: Chosen;
  /** Values that a page type adds in its Python method `asked`. */
  [added: string]: unknown;
}

export type Answer = string | number | string[];

/** Page without ratings. */
export interface ScreenPage extends BasePage {
  slots?: undefined;
  sounds: string[];
  saved: SavedAnswers;
}

export interface SavedAnswers {
  answers: Record<string, Answer>;
  seq: number;
}

export interface TextPage extends ScreenPage {
  html: string;
}

export interface PausePage extends ScreenPage {
  rest_s: number;
}

export interface CommentsPage extends ScreenPage {
  longest: number;
}

export interface HeadphonesPage extends ScreenPage {
  rounds: string[];
  /** Sounds of a round. */
  each: number;
}

export interface LoudnessPage extends ScreenPage {
  min_db: number;
  max_db: number;
  start_db: number;
}

export interface QuestionsPage extends ScreenPage {
  title: string;
  html: string;
  questions: Question[];
}

export interface Question {
  name: string;
  label: string;
  type: "text" | "long_text" | "number" | "choice" | "scale" | "choices";
  optional: boolean;
  longest: number | null;
  min: number | null;
  max: number | null;
  options: string[];
}

export type Page = RatingPage | ScreenPage;

/** Step of a sitting, as `api/v1/session` answers. */
export interface Progress {
  stage: string;
  page: number;
}

/** Data of a listener that `api/v1/mine` returns. */
export type Stored = Record<string, any>;

/** Work that is left on a page: a message, and what brings the listener there. */
export interface Missing {
  message: string;
  focus(): void;
}

/** Part of a rating page that shows the versions. */
export interface RatingBoard {
  element: HTMLElement;
  versions: { focus(): void }[];
  /** Draws the states; `current` is the index of the version that is heard, -1 for the reference. */
  paint(current: number): void;
  missing(): Missing | null;
  attention(target: number): string;
}

/** Page that is open. */
export interface OpenPage {
  close?(): void;
}

/** Part of a Saver that closing a page needs. */
export interface Flusher {
  flush(): Promise<boolean>;
  ended: "lost" | "conflict" | null;
}

export type SavingState = "saved" | "saving" | "retrying" | "refused" | "conflict" | "lost";

declare global {
  interface HTMLElement {
    /** Rating page that is open in this element; tests and support read it in the console. */
    trial?: unknown;
  }
}
