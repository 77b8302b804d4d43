"""What themes of data·inclusion are to somebody in distress: our needs, and what is there for them.

Source of the themes: data-inclusion-schema 1.0.10, `Thematique`. Which need each is, is our
reading. Left out is what helps nobody in a crisis now: a job, a licence, a course, a laptop.
Two that sound like more than they are: a service for "conflicts of separation or violence" is
mostly family mediation, which somebody who is beaten must not be sent to; and looking for a
temporary roof is no emergency bed, but those who have one are among them.
"""

from __future__ import annotations

from data_inclusion.schema.v1 import Public, Thematique

from contracts.vocabulary import Need
from services.referral.directory.relay import Kind

#: In the order in which a service that has several is for them.
THEMES: dict[Thematique, tuple[Need, Kind]] = {
    Thematique.SANTE__SANTE_MENTALE: (Need.DETRESSE_PSYCHOLOGIQUE, Kind.HEALTH),
    Thematique.SANTE__ADDICTIONS: (Need.ADDICTIONS, Kind.HEALTH),
    Thematique.SANTE__SANTE_SEXUELLE: (Need.SANTE_SEXUELLE, Kind.HEALTH),
    Thematique.LOGEMENT_HEBERGEMENT__RECHERCHER_UNE_SOLUTION_DHEBERGEMENT_TEMPORAIRE: (
        Need.HEBERGEMENT_URGENCE,
        Kind.SOCIAL,
    ),
    Thematique.EQUIPEMENT_ET_ALIMENTATION__ALIMENTATION: (Need.AIDE_MATERIELLE, Kind.SOCIAL),
    Thematique.EQUIPEMENT_ET_ALIMENTATION__HABILLEMENT: (Need.AIDE_MATERIELLE, Kind.SOCIAL),
    Thematique.EQUIPEMENT_ET_ALIMENTATION__ELECTROMENAGER: (Need.AIDE_MATERIELLE, Kind.SOCIAL),
    Thematique.REMOBILISATION__LIEN_SOCIAL: (Need.SOLITUDE, Kind.SOCIAL),
    Thematique.FAMILLE__SOUTIEN_A_LA_PARENTALITE_ET_A_LEDUCATION: (Need.PARENTALITE, Kind.SUPPORT),
    Thematique.FAMILLE__SURMONTER_CONFLITS_SEPARATION_VIOLENCE: (Need.PARENTALITE, Kind.SUPPORT),
    Thematique.SANTE__ACCES_AUX_SOINS: (Need.DROITS_SANTE, Kind.RIGHTS),
    Thematique.SANTE__CONSTITUER_UN_DOSSIER_MDPH_INVALIDITE: (Need.DEMARCHES, Kind.RIGHTS),
    Thematique.DIFFICULTES_FINANCIERES__SITUATION_DENDETTEMENT_SURENDETTEMENT: (
        Need.DEMARCHES,
        Kind.RIGHTS,
    ),
    Thematique.LOGEMENT_HEBERGEMENT__REDUIRE_LES_IMPAYES_DE_LOYER: (Need.DEMARCHES, Kind.RIGHTS),
    Thematique.LOGEMENT_HEBERGEMENT__SE_MAINTENIR_DANS_LE_LOGEMENT: (Need.DEMARCHES, Kind.RIGHTS),
    Thematique.DIFFICULTES_ADMINISTRATIVES_OU_JURIDIQUES__ACCOMPAGNEMENT_POUR_LACCES_AUX_DROITS: (
        Need.DEMARCHES,
        Kind.RIGHTS,
    ),
    # The name of this one alone is as long as a line may be.
    Thematique(
        "difficultes-administratives-ou-juridiques--accompagnement-aux-demarches-administratives"
    ): (Need.DEMARCHES, Kind.RIGHTS),
    Thematique(
        "difficultes-administratives-ou-juridiques--connaitre-ses-droits-face-a-une-discrimination"
    ): (Need.DEMARCHES, Kind.RIGHTS),
    Thematique(
        "difficultes-administratives-ou-juridiques--prendre-en-compte-une-problematique-judiciaire"
    ): (Need.DEMARCHES, Kind.RIGHTS),
}
#: A service for these people and nobody else is first of all for them, and proposed to no others.
ONLY_FOR: dict[Public, Need] = {
    Public.ETUDIANTS: Need.ETUDIANTS,
    Public.JEUNES: Need.JEUNES,
    Public.PERSONNES_EXILEES: Need.MIGRANTS,
}
