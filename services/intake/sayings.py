"""What the indicator of written texts listens for, and how much attention each asks for.

Data, awaiting a named clinical owner like the rest (`lexicon.py` says how it is written).
"""

from __future__ import annotations

from contracts.vocabulary import Attention
from services.intake.lexicon import SOON, Saying, pattern


def _say(code: str, level: Attention, words: str, *, tempered: bool = True) -> Saying:
    return Saying(code, level, pattern(words), tempered)


_WISH = Attention.RAISE
_NOW = Attention.RAISE_NOW
_WATCH = Attention.WATCH
_PILLS = (
    r"(?:cachets?|comprimes?|medicaments?|medocs?|pilules?|boites?|somniferes?|gelules?|"
    r"anxiolytiques?|doliprane|xanax|lexomil)"
)
_KIN = (
    r"(?:il|elle|on|quelqu un|(?:mon|ma|un|une|le|la|notre|son|sa) (?:\w+ )?"
    r"(?:ami|amie|copain|copine|fils|fille|frere|soeur|mari|femme|mere|pere|cousin|cousine|voisin|"
    r"voisine|collegue|compagnon|compagne|conjoint|conjointe|eleve|enfant|ado|gamin|petit ami|"
    r"petite amie|meilleure? amie?|ex|oncle|tante|grand pere|grand mere|patient|patiente|prof|"
    r"camarade|belle soeur|beau frere|neveu|niece))"
)

SAYINGS: tuple[Saying, ...] = (
    # An act that has begun, or that has its hour.
    _say(
        "fr-act-begun",
        _NOW,
        rf"""
        j ?(?:ai|viens de|ai deja)(?: tout)? (?:pris|prendre|avale|avaler|bu|
        boire) (?:\S+ ){{0,6}}{_PILLS}|
        (?:je|j) ?(?:me suis|viens de me|suis en train de me) (?:deja )?(?:ouvert|ouvrir|coupe|
        couper|
        taille|tailler|entaille)(?: les| le)? (?:veines?|poignets?)|
        (?:je|j) ?(?:suis|me tiens)(?: la| deja)? (?:sur|au bord d|au bord) (?:\S+ )?(?:le |la |
        du |de la |
        un )?(?:pont|toit|rebord|quai|rails?|voie|falaise|balcon|parapet)|
        j ?ai (?:la corde|l arme|le fusil|le pistolet|la lame|le couteau|le rasoir)
        (?: dans (?:la|les|mes) mains?| en main| sur moi| devant moi| a cote de moi| la)|
        (?:je|j) ?(?:fais|ai fait) une overdose
        """,
    ),
    _say(
        "fr-act-announced",
        _NOW,
        rf"""
        (?:je|j) ?vais (?P<no>pas |jamais )?(?:me (?:tuer|suicider|pendre|jeter|foutre en l air|
        tirer une balle|flinguer|noyer)|m ouvrir les veines|en finir(?! avec)|
        en finir avec (?:la vie|tout|ma vie)|
        sauter(?: du| d un| par)|mettre fin a (?:mes jours|ma vie)|mourir {SOON})|
        c est pour {SOON}|tout est pret|
        {SOON}(?: la)? (?:je|j)(?: en| me| le)? ?(?:finis|pars pour toujours|tue|suicide|fais|
        saute|arrete tout)|
        {SOON} (?:je|j) ?(?:ne )?(?:serai|serais) plus (?:la|de ce monde)|
        (?:je|j) ?(?:ne )?(?:serai|serais) plus (?:la|de ce monde) {SOON}|
        (?:je|j) ?(?:ne )?passerai pas (?:la nuit|cette nuit)|
        (?:ma|mes|une|des) lettres? d adieux?|(?:c est|voici|ceci est) (?:un|mon|mes) adieux?|
        adieu (?:a )?(?:tous|tout le monde|la vie|mes amis|maman|papa)|
        (?:je vous|je) (?:dis|fais) (?:mes )?adieux?|c est (?:mon )?dernier message|
        quand vous lirez (?:ce message|ceci|ca)
        """,
    ),
    # Violence that is on.
    _say(
        "fr-violence-now",
        _NOW,
        r"""
        (?:il|elle|on|ils|mon mari|mon pere|mon copain|mon ex|mon conjoint|ma mere)(?: \S+){0,2}
        \s(?:crie|hurle|tape|frappe|cogne|donne des coups|essaie? de (?:rentrer|entrer)|defonce|
        force|tambourine)(?:nt)?
        (?: \S+){0,3} porte|
        (?:quelqu un|il|elle|ils) (?:\S+ )?(?:defonce|force|casse|fracasse)(?:nt)? (?:la|ma|
        sa) porte|
        (?:il|elle) (?:est|va etre) (?:en train de )(?:me|nous|la|le|frapper|taper|casser|battre)|
        (?:il|elle|ils|mon mari|mon ex) (?:a|tient|a pris|arrive avec) (?:un|une|son|le|
        l) ?(?:couteau|arme|fusil|flingue|
        hache|batte|marteau|pistolet)|
        (?:il|elle|mon mari|mon ex|mon pere) (?:va|veut|menace de|a dit qu il allait|
        a jure de) (?:me|nous|m ?en|les) ?(?:tuer|buter|
        egorger|crever|frapper|defoncer|etrangler)|
        (?:il|elle) (?:me|nous|m) (?:frappe|bat|etrangle|tape|cogne|menace)(?: \S+){0,3}
        (?:maintenant|la|en ce moment|tout de suite|encore une fois la)|
        il y a le feu|je suis en danger|
        (?:je|j) ?(?:me|suis) (?:suis )?(?:cache|cachee|enfermee?) (?:dans|sous|derriere)|
        (?:je|j) ?(?:ne |n )?(?:peux|ose) (?:pas|plus) (?:parler|faire de bruit|
        sortir de la (?:chambre|salle))(?: il| elle| sinon)
        """,
    ),
    _say(
        "fr-life-now",
        _NOW,
        rf"""
        (?:il|elle|{_KIN}) (?:ne |n )?(?:respire|bouge|repond|se reveille) (?:plus|pas)(?! a )|
        (?:{_KIN}|il|elle) (?:\S+ )?(?:a|vient d|vient de)(?: tout)? (?:pris|avale|avaler|
        prendre) (?:\S+ ){{0,6}}{_PILLS}|
        (?:{_KIN}) (?:va|veut) (?:se (?:tuer|suicider|jeter|pendre)|sauter) {SOON}
        """,
    ),
    # A wish to die, in the first person and now.
    _say(
        "fr-death-wish",
        _WISH,
        r"""
        (?P<past>(?:j ?)?(?:avais|ai eu) )?(?P<no>(?:j ?|n ?)?ai pas |aucune )?(?:envie|besoin|
        hate)(?: de| d) (?:mourir|
        crever|en finir|disparaitre|me tuer|me suicider|me foutre en l air|partir pour toujours|
        ne plus (?:exister|etre la|vivre))|
        (?:(?P<past2>voulais|pensais|ai voulu|ai pense)|veux|veu|voudrais|aimerais|prefere|
        prefererais|souhaite|
        souhaiterais|
        espere)(?P<no2> pas| jamais)?(?: vraiment| juste| simplement| tellement| tant| a)*
        \s(?:mourir|crever|en finir(?! avec)|en finir avec (?:la vie|tout|ma vie)|disparaitre|
        me tuer|me suicider|
        ne plus (?:exister|etre la|vivre|me reveiller)|etre morte?)|
        plus (?:du tout )?(?:l )?(?:envie|la force|le gout|le courage)(?: de| d) (?:vivre|exister|
        continuer a vivre)|
        (?:veux|peux|supporte|veu|voudrais) plus (?:de )?(?:vivre|exister|la vie|de cette vie|
        cette vie)|
        (?:ne |n )?plus etre (?:la|de ce monde)|
        (?:serais?|serait|irait|etait) (?:mieux|plus simple|plus facile|
        preferable)(?: \S+){0,4} (?:morte?|sans moi|si je
        (?:mourais|disparaissais|n existais pas|n etais (?:plus|pas) la)|si j etais morte?|
        de (?:mourir|disparaitre))|
        mieux(?: \S+){0,3} morte?|(?:tout le monde|vous|ils) (?:serai\S+|irai\S+) mieux sans moi|
        (?:me|m) (?:suicider|pendre|flinguer|foutre en l air|ouvrir les veines|tirer une balle)|
        me tuer|me donner la mort|
        (?:mettre fin|mettrai fin|mis fin) a (?:mes jours|ma vie|tout ca)|
        (?:idees?|pensees?|envies?) (?:suicidaires?|noires?|de mort|de suicide|de mourir)|
        (?:suis|me sens) (?:\S+ )?suicidaire|
        (?P<past3>ai )?(?:deja )?pens\w+ (?:\S+ )?(?:au suicide|a la mort|a mourir|a en finir|a me)|
        songe (?:\S+ )?(?:au suicide|a la mort|a mourir)|marre (?:de vivre|de la vie|d exister)|
        (?:ne |n )?(?:pas|plus|jamais) me reveiller|en finir avec (?:la vie|ma vie)|
        vie (?:ne |n )?(?:vaut|a) plus (?:la peine|rien|de sens|aucun sens)|
        pourquoi (?:je )?(?:continue\w*|continuer) a vivre|si je (?:pouvais )?(?:disparai\w+|
        mour\w+)|
        (?:jpp|en peux plus) de (?:cette|la|ma) vie
        """,
    ),
    _say(
        "fr-self-harm",
        _WISH,
        r"""
        me (?:faire du mal|scarifi\w+|mutil\w+|coupe les (?:bras|cuisses|veines)|taillade\w*)|
        (?:je|j) ?(?:recommence|ai recommence) a me (?:couper|scarifier|faire du mal)
        """,
    ),
    _say(
        "fr-attempt",
        _WISH,
        r"""
        (?P<past>(?:j ?)?(?:ai (?:deja )?(?:fait|tente|essaye|voulu)|avais (?:fait|tente|
        essaye)) (?:\S+ ){0,3}(?:tentative|ts|suicide|me tuer|me suicider|
        de mourir|d en finir|en finir))
        """,
    ),
    # Somebody else.
    _say(
        "fr-other-wish",
        _WISH,
        rf"""
        {_KIN}(?: \S+){{0,3}} (?:(?P<past>voulait|avait|a voulu)|veut|va|parle de|dit|menace|
        menace de|pense a|envisage)(?P<no> pas)?(?: \S+){{0,5}}
        \s(?:mourir|en finir|se (?:tuer|suicider|pendre|jeter|foutre en l air|faire du mal|
        scarifier)|disparaitre|suicide)|
        {_KIN} (?:est|a l air|semble) suicidaire|
        {_KIN} (?:\S+ )?(?:se (?:scarifie|mutile|fait du mal)|s est (?:scarifiee?|mutilee?|
        coupee? les veines))
        """,
    ),
    _say(
        "fr-violence",
        _WISH,
        r"""
        (?:il|elle|mon mari|mon pere|ma mere|mon copain|mon ex|mon conjoint|mon frere|ma femme|ils|
        mes parents|mon beau pere|
        quelqu un)\s(?:(?P<past>m a|nous a)|me|nous|m) ?(?:deja )?
        (?:frappe|frappent|bat|battent|battait|tape|tapent|cogne|cognent|etrangle|viole|violent|
        touche|violee?|frappee?|menace|menacee?|etranglee?|gifle|
        insulte et|seques\w+|force a)|
        (?:j ?ai|on m a|ai ete) (?:ete )?(?:violee?|agressee?|frappee?|battue?)|peur (?:de lui|
        qu il (?:me|nous|rentre|revienne)|
        de rentrer)|au secours|(?:aidez|sauvez) moi(?: vite)?
        """,
    ),
    # Despair that says no more, and death that is spoken of.
    _say(
        "fr-despair",
        _WATCH,
        r"""
        tout est trop|jpp|au bord du gouffre|(?:juste )?que (?:ca|tout) s arrete|
        (?:j ?(?:e )?)?(?:n )?en peux? plus|a bout(?: de (?:force|forces|tout))?|au bout du rouleau|
        plus (?:la|de) force|a quoi (?:bon|je sers|ca sert|sert)|sers a rien|
        sert a rien (?:de vivre|de continuer)|
        plus (?:de porte de sortie|d issue|d espoir|aucun espoir|goat a rien|gout a rien|
        envie de rien)|
        (?:un|une) (?:poids|fardeau|boulet) pour|sans espoir|desespere\w*|marre de tout|
        (?:je me|me) sens (?:tellement |si |trop )?(?:vide|seule?|inutile|perdue?|nulle?)|
        tout (?:s effondre|me degoute)|
        envie de rien|trop de (?:douleur|souffrance)|souffre trop|supporte plus|craqu\w+|plus dormir
        """,
        tempered=False,
    ),
    _say(
        "fr-death-spoken",
        _WATCH,
        r"""
        suicid\w+|tentative|s est (?:donne la mort|pendue?|tue(?!e? (?:a|au|de))e?|jetee?|
        defenestree?|immolee?|otee? la vie)|
        (?:donner|donne) la mort|mis fin a ses jours|(?:la )?mort (?:me|m) (?:fait peur|attire|
        obsede|hante)|
        mourir|tuer (?!le temps)\w*|plus de ce monde
        """,
        tempered=False,
    ),
    # --- English ----------------------------------------------------------------------------------
    _say(
        "en-act",
        _NOW,
        r"""
        i (?:have |ve |just |already )*(?:took|taken|swallowed) (?:\S+ ){0,6}(?:pills?|tablets?|
        meds|paracetamol|overdose)|
        (?:i m|im|i am) (?P<no>not )?(?:going to|gonna|about to) (?:kill myself|end it|end my life|
        jump|hang myself|die tonight)|
        (?:i m|im|i am) (?:on|at) the (?:bridge|roof|ledge|edge|tracks)|(?:it s|
        its) (?:for )?tonight|
        (?:my )?(?:suicide note|goodbye letter)|(?:won t|wont|will not) be here tomorrow|
        (?:he|she|my husband|my ex|my dad)(?: \S+){0,2} (?:banging|shouting|screaming|hitting|
        kicking)(?: \S+){0,3} door|
        (?:he|she) (?:has|s got|got) a (?:knife|gun)|(?:he|she|they) (?:is|s|are|re) (?:going to|
        gonna) kill (?:me|us)|
        (?:i m|im|i am) hiding (?:in|under|from)
        """,
    ),
    _say(
        "en-death-wish",
        _WISH,
        r"""
        (?:(?P<past>wanted|used to want|tried)|want|wanna|wish|would like|d like|think\w*|
        thought\w*) (?:to |about |of |i (?:was|were) |i could )*(?:die|dead|dying|
        kill(?:ing)? myself|
        end(?:ing)? (?:it all|it|my life)|suicide|disappear|not (?:be|being) here|never wake up)|
        kill myself|end my life|(?:i m|im|i am|feel\w*) (?P<no>not )?suicidal|
        suicidal (?:thoughts?|ideas?)|
        better off (?:dead|without me)|(?:don t|dont|do not) want to (?:live|be alive|be here|
        wake up|exist)|
        no (?:reason|point) (?:to|in) liv\w+|(?:cut|hurt|harm)(?:ting|ing)? myself|
        (?:he|my husband|my dad|my partner) (?:hits|beats|rapes|chokes) me|i was raped
        """,
    ),
    _say(
        "en-despair",
        _WATCH,
        r"""
        (?:can t|cant|cannot) (?:go on|take it|do this anymore|cope)(?: anymore| any more)?|
        hopeless|
        no way out|i m a burden|im a burden|(?:killed|hanged|shot) (?:himself|herself|themselves)|
        suicid\w+|
        feel (?:so )?(?:empty|worthless|numb)|everything is too much|it s all too much
        """,
        tempered=False,
    ),
    # --- German -----------------------------------------------------------------------------------
    _say(
        "de-act",
        _NOW,
        r"""
        habe? (?:\S+ ){0,6}(?:tabletten|pillen|schlaftabletten) (?:geschluckt|genommen)|
        ich (?:werde|will) (?:mich|es) (?:heute|jetzt|gleich|morgen)(?: \S+){0,3} (?:umbringen|
        toten|tun|beenden)|
        (?:heute|heute nacht|jetzt|gleich) (?:bringe? ich mich um|mache ich schluss|ist es soweit)|
        abschiedsbrief|morgen bin ich nicht mehr da|
        er (?:schlagt|hammert|schreit|tritt)(?: \S+){0,4} (?:tur|ture)|er (?:hat|
        halt) (?:ein messer|eine waffe)|
        er (?:will|wird) mich (?:umbringen|toten|schlagen)|ich habe? mich (?:versteckt|
        eingeschlossen|eingesperrt)
        """,
    ),
    _say(
        "de-death-wish",
        _WISH,
        r"""
        nicht mehr (?:da (?:zu )?(?:sein|ware)|(?:zu )?leben|aufwachen|leben will|leben mochte|
        existieren)|(?:(?P<past>wollte)|will|mochte|
        wurde gern\w*) (?P<no>nicht )?(?:\S+ ){0,2}sterben|
        sterben (?:will|mochte)|mich (?:um(?:zu)?bringen|toten|erhangen|aufhangen|
        vor den zug werfen)|
        mir das leben (?:zu )?nehmen|dem (?:leben|ganzen) ein ende (?:zu )?(?:machen|setzen)|
        selbstmord|suizid(?!al)\w*|suizidal|(?:gedanken|denke)(?: \S+){0,3} (?:tod|sterben)|
        (?:leichter|besser|einfacher)(?: \S+){0,4} (?:tot|nicht mehr|ohne mich)|lebensmude|
        mich (?:selbst )?(?:zu )?(?:ritze\w*|verletze\w*)|er schlagt mich|vergewaltigt|
        angst vor (?:ihm|meinem (?:mann|vater|freund|ex))
        """,
    ),
    _say(
        "de-despair",
        _WATCH,
        r"""
        kann (?:einfach )?nicht mehr|am ende meiner kraft|keine kraft mehr|keinen ausweg|
        hoffnungslos|
        alles ist zu viel|alles zu viel|(?:hat sich|haben sich) (?:umgebracht|das leben genommen|
        erhangt)|
        bin (?:nur )?eine last|ein(?:e)? last fur|verzweifelt|sinnlos
        """,
        tempered=False,
    ),
)
