/** What somebody's projects are about, and the words of their work: in ASCII, as most of what agents read and say is. */
export interface Theme {
  /** Names of its projects. */
  readonly projects: readonly [string, string]
  /** What is built: each is also the name of a file and of a function. */
  readonly things: readonly string[]
  /** What goes wrong with it, or has to go right. */
  readonly cases: readonly string[]
}

const firstTheme: Theme = {
  projects: ['garden', 'greenhouse'],
  things: [
    'watering plan',
    'moisture log',
    'valve schedule',
    'frost warning',
    'seed list',
    'pump driver',
    'bed map',
    'rain forecast',
    'compost report',
    'heater control',
  ],
  cases: [
    'the roses at 18 %',
    'an empty tank',
    'Sunday mornings',
    'the valve by the gate',
    'two rainy days in a row',
    'a bed without a sensor',
    'the change to summer time',
    'tomatoes under glass',
    'a sensor that reports nothing',
    'nights below zero',
    'beans sown twice',
    'the north bed',
  ],
}

const themes: readonly Theme[] = [
  firstTheme,
  {
    projects: ['bakery', 'recipes'],
    things: [
      'dough calculator',
      'oven timer',
      'flour stock',
      'order list',
      'price label',
      'delivery round',
      'sourdough diary',
      'allergen sheet',
      'recipe parser',
      'weekly report',
    ],
    cases: [
      'rye at 80 % water',
      'half a loaf',
      'orders after midnight',
      'a recipe in ounces',
      'the second oven',
      'a starter that was fed twice',
      'the 240 rolls of Saturday',
      'flour that ran out',
      'bread without salt',
      'a price with three decimals',
      'the bakery by the bridge',
      'an order of nothing',
    ],
  },
  {
    projects: ['library', 'catalogue'],
    things: [
      'loan register',
      'shelf index',
      'title search',
      'reminder letter',
      'author list',
      'barcode reader',
      'reading room plan',
      'import of records',
      'fine calculation',
      'new arrivals page',
    ],
    cases: [
      'books without a title',
      'authors with one name',
      'a loan of a year',
      'titles in Greek',
      'two copies of one book',
      'readers who moved away',
      'volumes in the cellar',
      'a missing shelf mark',
      'letters that came back',
      'records from 1987',
      'a barcode read twice',
      'the corner for children',
    ],
  },
  {
    projects: ['weather', 'observatory'],
    things: [
      'wind gauge',
      'pressure chart',
      'storm alarm',
      'station list',
      'daily summary',
      'radar import',
      'snow depth map',
      'sunrise table',
      'sensor calibration',
      'archive export',
    ],
    cases: [
      'gusts over 90 km/h',
      'an hour without readings',
      'the station on the hill',
      'the 29th of February',
      'a sensor under snow',
      'clocks that run ahead',
      'temperatures below -40 C',
      'readings that came twice',
      'stations that were renamed',
      'a night without wind',
      'the change of the year',
      'fog on the runway',
    ],
  },
  {
    projects: ['routes', 'timetable'],
    things: [
      'route planner',
      'stop list',
      'delay notice',
      'ticket price',
      'track map',
      'bicycle count',
      'transfer search',
      'night bus schedule',
      'bridge closure feed',
      'arrivals board',
    ],
    cases: [
      'trains after midnight',
      'a stop with two names',
      'the closed bridge',
      'routes uphill',
      'a transfer of one minute',
      'public holidays',
      'the last bus',
      'bicycles on the ferry',
      'a detour through the old town',
      'a train split in two',
      'stations without a lift',
      'a ticket bought twice',
    ],
  },
  {
    projects: ['letters', 'archive'],
    things: [
      'address book',
      'stamp counter',
      'parcel tracker',
      'sorting rule',
      'mail merge',
      'scan queue',
      'letter template',
      'signature check',
      'postage table',
      'return receipt',
    ],
    cases: [
      'an address without a number',
      'parcels over 10 kg',
      'a letter in two envelopes',
      'names with an apostrophe',
      'the island post',
      'scans that are upside down',
      'a receipt without a date',
      'post on a Saturday',
      'letters from abroad',
      'a signature in pencil',
      'a code of six digits',
      'the drawer of lost letters',
    ],
  },
]

/** What projects of one name are told apart by. */
const kinds = ['', '-app', '-site', '-tools', '-notes']

/** Its name, in which only letters and hyphens stand; sixty differ. */
export function projectName(number: number): string {
  const names = themes.flatMap(({ projects }) => projects)
  return `${names[number % names.length]}${kinds[Math.floor(number / names.length) % kinds.length]}`
}

/** What a project is about, by the path of its folder. */
export function themeOf(folder: string): Theme {
  const [name = ''] = folder.slice(folder.lastIndexOf('/') + 1).split('-')
  return themes.find(({ projects }) => projects.includes(name)) ?? firstTheme
}
