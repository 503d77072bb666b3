"""Languages that source files are written in: other names, extensions and file names of each.

Chosen by hand out of GitHub Linguist's list (``lib/linguist/languages.yml``, MIT License), whose names are
those of The Stack: its larger languages, and the labels that magika gives. An extension of several languages
stands in `code_languages.AMBIGUOUS`; where one of them is far more common, it is that one's.
"""

LANGUAGES = """
ActionScript | as3 | as
Ada | | adb ada ads
Agda | | agda
ANTLR | | g4
Apex | | apex trigger
AppleScript | osascript | applescript scpt
AsciiDoc | | asciidoc adoc
ASP.NET | asp aspx aspx-vb asp.net | asp aspx ascx asmx
Assembly | asm nasm masm gas x86-assembly | asm s a51 nasm agc
AutoHotkey | ahk | ahk
AutoIt | au3 | au3
Awk | gawk mawk nawk | awk gawk
Batchfile | bat batch dosbatch | bat cmd
Bazel | starlark | bzl bazel star | BUILD WORKSPACE
BibTeX | bib | bib
C | | c idc
C# | csharp c-sharp cs | cs csx cake
C++ | cpp c-plus-plus cplusplus cxx | cpp cc cxx c++ hpp hh hxx h++ ipp tpp inl ino
Clojure | clj | clj cljs cljc edn
CMake | | cmake | CMakeLists.txt
COBOL | | cob cbl cobol cpy
CoffeeScript | coffee coffee-script | coffee cson | Cakefile
Common Lisp | lisp | lisp lsp asd
Coq | rocq | coq
Crystal | | cr
CSS | | css
CSV | | csv
Cuda | | cu cuh
D | dlang | d di
Dart | | dart
Diff | patch | diff patch
Dockerfile | docker containerfile | dockerfile | Dockerfile Containerfile
Elixir | | ex exs
Elm | | elm
Emacs Lisp | elisp emacs-lisp | el | .emacs
Erlang | | erl hrl
F# | fsharp f-sharp | fsi fsx
Fortran | fortran-free-form f90 | f f77 f90 f95 f03 f08 for
GDScript | godot | gd
GLSL | | glsl vert frag geom
Go | golang | go
Gradle | | gradle
GraphQL | | graphql gql
Groovy | | groovy gvy | Jenkinsfile
Haskell | | hs lhs
HCL | terraform | hcl tf tfvars
HTML | xhtml html+django html+jinja html+erb | html htm xhtml
HTML | jinja jinja2 twig erb handlebars mustache | jinja jinja2 j2 twig erb ejs hbs handlebars mustache
Idris | | idr
INI | cfg dosini properties gitattributes gitmodules editorconfig | ini cfg properties conf prefs
INI | | | .editorconfig .gitconfig .gitmodules .gitattributes
Java | | java
Java Server Pages | jsp | jsp
JavaScript | js node jsx ecmascript | js jsx mjs cjs es6
JSON | jsonl json5 jsonc json-with-comments geojson | json jsonl json5 geojson webmanifest | composer.lock
Julia | | jl
Jupyter Notebook | ipynb ipython-notebook jupyter notebook jupyter-notebooks | ipynb
Kotlin | kt | kt kts
Lean | lean-4 | lean
Less | | less
Lua | | lua
M4 | | m4
Makefile | make mf bsdmake | mk mak make | Makefile GNUmakefile Makefile.am Makefile.in
Markdown | md rmarkdown mdx | md markdown mdx rmd qmd mkd
Mathematica | wolfram wolfram-language | nb wl wls
MATLAB | octave |
Nim | | nim nims
Nix | | nix
Objective-C | objc obj-c objectivec |
Objective-C++ | objc++ obj-c++ objectivec++ objective-c-plus-plus | mm
OCaml | | ml mli mll mly
Pascal | delphi objectpascal object-pascal | pas dpr lpr
Perl | | pm perl
PHP | | php php3 php4 php5 phtml
PostScript | | ps eps
PowerShell | posh pwsh | ps1 psm1 psd1
Processing | | pde
Prolog | | prolog
Protocol Buffer | protobuf proto protocol-buffers | proto
Puppet | |
Pug | jade | pug jade
PureScript | | purs
Python | py python2 python3 cython | py pyw pyi pyx pxd | SConstruct SConscript
QML | | qml
R | rscript | r rsx
Racket | | rkt
reStructuredText | rst restructured-text | rst rest
Ruby | rb jruby gemfile gemspec | rb rake gemspec ru | Gemfile Rakefile Podfile Vagrantfile Fastfile
Rust | rs | rs
SAS | | sas
Scala | | scala sbt sc
Scheme | | scm ss sld
SCSS | sass | scss sass
Shell | sh bash zsh ksh shell-script shellscript fish | sh bash zsh ksh fish bats | .bashrc .zshrc .profile
Smalltalk | | st
Solidity | sol | sol
SQL | plsql plpgsql tsql t-sql pl/sql mysql postgresql sqlite | sql ddl dml pls
Stan | | stan
Standard ML | sml | sml sig
Stata | | do ado
Stylus | | styl
SVG | | svg
Svelte | | svelte
Swift | | swift
SystemVerilog | | sv svh
Tcl | | tcl tk
TeX | latex | tex ltx sty
Text | plain-text plaintext txt ignorefile ignore-list | txt log | LICENSE README COPYING AUTHORS
Text | | | .gitignore .dockerignore .npmignore
Thrift | | thrift
TOML | | toml | Pipfile Cargo.lock poetry.lock
TypeScript | ts tsx | tsx mts cts
VBA | visual-basic-for-applications | bas
Verilog | | vh veo
VHDL | | vhd vhdl
Vim Script | vim viml vimscript vim-script | vim | .vimrc
Visual Basic .NET | visual-basic vb vb.net vbnet | vb vbs
Vue | vue-html | vue
WebAssembly | wasm wast wat | wat wast
XML | xsl xslt xsd rss wsdl | xml xsl xslt xsd rss wsdl plist csproj vcxproj resx xaml
XQuery | | xq xqy xquery
Yacc | bison | y yy
YAML | yml | yaml yml
YARA | | yar yara
Zig | | zig
"""
"""``name | other names | extensions | file names``, on one line or several. All but the first are parted by
blanks; other names stand in small letters, with hyphens for blanks."""
