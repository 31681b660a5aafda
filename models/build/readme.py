"""Tables in the bundle's README that scripts write."""

from paths import BUNDLE


def write(name, script, lines):
    """Puts the lines between the marks of that name, and prints them."""
    print("\n".join(lines))
    path = BUNDLE / "README.md"
    begin, end = f"<!-- {name}: written by models/build/{script} -->", f"<!-- end {name} -->"
    head, rest = path.read_text().split(begin)
    path.write_text(head + begin + "\n\n" + "\n".join(lines) + "\n\n" + end + rest.split(end)[1])
