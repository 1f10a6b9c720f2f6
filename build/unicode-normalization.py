"""Writes the table of Unicode normalization that the tokenizers carry, from Python's own Unicode database.

    python3 build/unicode-normalization.py > src/DotMlx.LanguageModels/Tokenizers/Unicode/Normalization.txt

.NET normalizes only where ICU is installed and the application is not globalization-invariant: elsewhere it returns its input.
"""
import unicodedata


def runs(classes):
    start = count = 0
    for point in sorted(classes):
        if count and point == start + count and classes[point] == classes[start]:
            count += 1
            continue
        if count:
            yield start, count
        start, count = point, 1
    yield start, count


print(f"# Unicode {unicodedata.unidata_version}. Written by build/unicode-normalization.py.")
print("# 'D point points...' canonical, 'K point points...' compatibility decomposition (both full), 'P first second point' a")
print("# composition, 'C start count class' combining classes. All in hexadecimal.")
classes = {}
for point in range(0x110000):
    if 0xD800 <= point < 0xE000 or 0xAC00 <= point <= 0xD7A3:
        continue  # Surrogates; Hangul syllables are computed.
    text = chr(point)
    if unicodedata.combining(text):
        classes[point] = unicodedata.combining(text)
    canonical = unicodedata.normalize("NFD", text)
    compatibility = unicodedata.normalize("NFKD", text)
    if canonical != text:
        print("D %X %s" % (point, " ".join("%X" % ord(c) for c in canonical)))
    if compatibility != canonical:
        print("K %X %s" % (point, " ".join("%X" % ord(c) for c in compatibility)))
    one_step = unicodedata.decomposition(text).split()
    if len(one_step) == 2 and not one_step[0].startswith("<") and unicodedata.normalize("NFC", text) == text:
        print("P %s %s %X" % (one_step[0], one_step[1], point))
for start, count in runs(classes):
    print("C %X %X %X" % (start, count, classes[start]))
