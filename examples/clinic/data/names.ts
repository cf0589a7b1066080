/** Names and streets of the patients: invented people, as they sit in a German waiting room. */
// biome-ignore-all format: lists of words.

export const femaleNames = [
  "Anna", "Maria", "Sabine", "Petra", "Monika", "Claudia", "Susanne", "Katharina", "Julia", "Laura", "Lena",
  "Hannah", "Emma", "Mia", "Ursula", "Helga", "Ingrid", "Renate", "Gisela", "Brigitte", "Birgit", "Nicole",
  "Stefanie", "Sandra", "Ayşe", "Elif", "Zeynep", "Fatma", "Olena", "Natalia", "Agnieszka", "Magdalena",
  "Ioana", "Chiara", "Giulia", "Sofia", "Amina", "Leyla", "Nour", "Thi Lan", "Mei", "Adaeze", "Priya",
  "Beatriz",
]

export const maleNames = [
  "Thomas", "Michael", "Andreas", "Stefan", "Peter", "Klaus", "Jürgen", "Wolfgang", "Hans", "Karl", "Uwe",
  "Bernd", "Frank", "Ralf", "Jens", "Matthias", "Christian", "Daniel", "Jan", "Lukas", "Leon", "Finn",
  "Paul", "Jonas", "Felix", "Maximilian", "Mehmet", "Mustafa", "Emre", "Oleksandr", "Piotr", "Krzysztof",
  "Andrei", "Luca", "Marco", "Nikola", "Omar", "Yusuf", "Karim", "Minh", "Wei", "Chidi", "Arjun", "João",
]

export const lastNames = [
  "Müller", "Schmidt", "Schneider", "Fischer", "Weber", "Meyer", "Wagner", "Becker", "Schulz", "Hoffmann",
  "Schäfer", "Koch", "Bauer", "Richter", "Klein", "Wolf", "Schröder", "Neumann", "Schwarz", "Zimmermann",
  "Braun", "Krüger", "Hofmann", "Hartmann", "Lange", "Schmitt", "Werner", "Krause", "Meier", "Lehmann",
  "Köhler", "Maier", "Herrmann", "König", "Walter", "Huber", "Kaiser", "Fuchs", "Peters", "Lang", "Scholz",
  "Möller", "Weiß", "Jung", "Hahn", "Vogel", "Friedrich", "Keller", "Günther", "Berger", "Winkler", "Roth",
  "Beck", "Lorenz", "Baumann", "Franke", "Albrecht", "Yılmaz", "Demir", "Kaya", "Şahin", "Çelik", "Öztürk",
  "Kowalski", "Nowak", "Wiśniewska", "Shevchenko", "Kovalenko", "Popescu", "Ionescu", "Marković",
  "Jovanović", "Rossi", "Ferrari", "Russo", "García", "Fernandes", "da Silva", "Nguyen", "Trần", "Haddad",
  "Al-Masri", "Rahimi", "Hosseini", "Okafor", "Mensah", "Traoré", "Sharma", "Singh", "Chen", "O'Brien",
  "Dubois", "van Dijk", "von Arnim", "Meyer-Lüdtke", "Petrov", "Papadopoulos",
]

export const streets = [
  "Lindenstraße", "Hauptstraße", "Gartenweg", "Bahnhofstraße", "Schulstraße", "Kirchgasse", "Bergstraße",
  "Goethestraße", "Schillerplatz", "Mozartstraße", "Am Stadtpark", "Uferweg", "Birkenallee", "Rosenweg",
  "Marktplatz", "Mühlenweg", "Eichendorffstraße", "Kastanienallee", "Friedrich-Ebert-Straße", "Ahornweg",
]
