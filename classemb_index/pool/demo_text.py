"""Sentences and words of the demo pool: what `demo.py` makes its documents of.

A template is a sentence in lower case without its full stop. `[a|b]` stands for one of its
options and `{slot}` for a word of `WORDS`, or for what the document or sentence has fixed:
`{site}`, `{date}` and the like for the document; `{person}`, then `{he}`, `{his}`, `{him}` and
`{himself}`, for the sentence. `EVENTS`, `FINDINGS` and `OTHER` can also follow "that".
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Form(NamedTuple):
    """A kind of document: its first and last sentences, and how it brings in evidence."""

    openings: tuple[str, ...]
    leads: tuple[str, ...]
    closings: tuple[str, ...]


def _bullets(text: str) -> tuple[str, ...]:
    """The items of a list in which each starts on a line of its own with a hyphen."""
    return tuple(" ".join(item.split()) for item in re.split(r"^ *- ", text, flags=re.M)[1:])


EVENTS = {
    "slips-and-falls": _bullets("""
        - {person} [slid|lost {his} footing] on [a film of hydraulic oil|wet leaves|spilt
          pellets|a patch of condensation] {place} and came down on {his} [left|right]
          [hip|knee|elbow|wrist]
        - {person} missed the last tread on the way down from the mezzanine and [sat down
          hard|landed on {his} tailbone|twisted {his} knee]
        - [a hose|a pallet strap|a loop of shrink wrap|a trailing lead] left across the walkway
          caught {person} by the boot, and {he} went full length {place}
        - {person} stepped back from the bench, met [a raised drain cover|the kerb|the corner of
          a pallet] with {his} heel and [went over backwards|ended up on the floor]
        - the [staff car park|path to the gatehouse|top yard] had frozen overnight, and [two|three]
          people were on the ground before any grit was spread
        - {person} was [changing a lamp|clearing a gutter|reading a gauge] from a stepladder when
          it walked sideways, and {he} dropped [a metre and a half|about two metres] to the concrete
        - a sheet of brittle roofing gave way under {person}, and only the netting beneath stopped
          {him} from reaching the floor
        - {person} put a foot through [a rotten board|a gap in the grating|a loose panel] on the
          gantry and hung by {his} arms until [help came|somebody pulled {him} back]
        - {person} jumped off the end of the staging and turned {his} ankle on [loose stone|a stray
          bolt|an offcut of timber]
        - no sign was put out after the floor was mopped, and {person} skidded into the
          [lockers|door frame|time clock]
        - {person} caught a toe on [the curled edge of a mat|a lifted floor tile|the lip of a metal
          plate] {place} and grazed both palms
        - a handrail that was held by one bolt swung out when {person} leaned on it, and {he}
          toppled off the platform on to the grating below
        - {person}, hurrying [for the bus|to answer an alarm|in from the rain], took the outside
          stairs two at a time and bumped down the last [four|five|six] on {his} back
        - {person} stood on [an upturned crate|a swivel chair|a stack of empty pallets] to reach the
          top shelf, and when it tipped {he} broke a [wrist|collarbone]
        - {person} walked out of the bright yard into the unlit corridor, did not see the two
          steps and pitched forward against the wall
    """),
    "machinery": _bullets("""
        - {person} reached under the [infeed roller|tail drum] to free [a jammed carton|a torn
          label|a strip of film], and {his} glove was drawn in as far as the [second knuckle|wrist]
        - the [press|guillotine|stamping tool] cycled while {person} still had a hand in it, the
          light curtain having been [bridged|moved back] to save time
        - {person} lost [the tip of a finger|a fingernail] when the indexing table moved on
          during a size change
        - a loose cuff wound itself round the [spindle|chuck|drill bit], and {person} was spun
          against the vice before {he} could reach the foot brake
        - the [line|conveyor|palletiser] was started from the far panel while {person} was still
          [inside the fence|clearing the star wheel|behind the mesh]
        - the interlock on the end door turned out to be tied back with [wire|a cable tie] after
          {person} had {his} knuckles opened by the rotating knife
        - [a grinding wheel burst|a saw blade shed two teeth|a milling cutter shattered], and a
          fragment cracked the visor that {person} was wearing
        - nobody had put a padlock on the drive when {person} leaned into the baler, and the ram
          crept forward [a hand's breadth|some 20 cm] before a shout stopped it
        - the robot finished its stroke with {person} inside the cell and missed {his}
          [shoulder|head] by very little
        - {person} was wiping down the [laminator|calender|printing cylinder] as it turned, and the
          rag went in, followed by two fingers
        - a chain and sprocket, running with the cover off after greasing, caught {person} by the
          hem of {his} trousers and pulled {him} to the floor
        - {person} felt for a blockage in the [granulator|mincer|shredder], not knowing that the
          blades run on for [six|eight|ten] seconds after the stop button
        - the workpiece kicked back from the [bandsaw|router|planer] and laid open the palm of
          {person}, who had left the push stick on its hook
        - the tensioner flew back when the jam cleared and hit {person} in the ribs
        - {person} had a forearm crushed between the [clamp|platen|carriage] and its end stop while
          setting it up in manual mode with a colleague at the controls
    """),
    "manual-handling": _bullets("""
        - {person} felt [a sharp pull|something give|a stab of pain] in {his} lower back on raising
          [a 28 kg drum|a gearbox cover|a sack of resin] from the bottom of a [stillage|deep crate]
        - two people had [a door panel|a motor|a length of pipe] between them when one let go too
          soon, and {person} took the whole weight on one shoulder
        - {person} has aching wrists after [three|four|five] weeks of stacking cartons, and they do
          not settle over the weekend
        - {person} turned at the waist to set [a reel|a tray of parts|a full tote] on the upper
          shelf and could not straighten up again
        - {person} was pushing [a loaded roll cage|a linen trolley|a bin of scrap] up the ramp by
          {himself} when {he} felt a tear in the groin, since confirmed as a hernia
        - [a keg|a casting|a bundle of bars] slid out of the hands of {person} and on to {his} foot
        - the shift moved [sixty|eighty|a hundred] sacks without the vacuum lifter, which was
          out of order, and {person} went home unable to bend
        - {person} caught a toppling [box|monitor|parcel] by reflex and wrenched {his} elbow
        - {person} pulled a calf muscle while dragging [a seized valve|a bale of film|a full waste
          sack] across the floor
        - {person}, in {his} first week, was left to feed 25 kg bags into the hopper alone, and
          {his} back had seized up by lunch
        - {person} jammed {his} fingers between a crate and the door frame, having carried it
          with no view of the way ahead
        - an old disc complaint came back when {person} heaved at [a stuck pallet|a manhole
          lid|a filing cabinet]
        - {person} complained of an aching elbow, which {he} puts down to the trimming bench and the
          same pull, made some [900|1,200|1,400] times a shift
        - the steel band round a bundle cut {his} forearm as {person} wrestled it off the stack
        - {person} strained {his} neck in holding a [ceiling panel|length of ducting|cable tray]
          overhead while the brackets were found
    """),
    "site-transport": _bullets("""
        - a [counterbalance truck|reach truck|forklift] came round the end of the racking and
          clipped {person}, who was [counting stock|reading a label|walking to the office]
        - a reversing [lorry|skip wagon|tanker] pushed over [a gatepost|the cycle rack|a length of
          fence] while {person}, meant to be guiding it, had {his} back turned
        - the trailer pulled away from dock [2|4|7] on a wrong signal with the truck half way
          across the leveller, and the driver rode it down to the apron
        - {person} was pinned against the wall by a powered pallet mover that {he} was steering
          while walking backwards
        - a truck took the bend with its mast up and went over on its side; {person}, who had no
          belt on, was thrown [clear|against the frame]
        - a [van|pick-up|street sweeper] left out of gear rolled [fifteen|twenty] metres and came
          to rest against the smoking shelter
        - a loading shovel backed over [a toolbox|a bicycle|a sign] that {person} had put down
          behind it [seconds|moments] earlier
        - a bale came off the far side as the straps were let go, and the haulier, who should have
          been in the waiting room, was under it
        - {person} rode on the forks as a favour from a friend and came off when the driver braked
        - two tow tractors met head on at the blind corner {place}, and one of the drivers was
          thrown against the wheel
        - a dumper went over the edge of the haul road, where the bank had been [worn away|cut
          back], and {person} climbed out through the window
        - the parking brake of a trailer had not been set, and it began to roll as {person}
          coupled up, giving {him} just time to step aside
        - {person} cut across outside the painted crossing, heard nothing through {his} ear
          defenders, and had {his} heel run over
        - an order picker hit the leg of a rack at speed, and [two|three] bays had to be emptied
        - a courier drove in by the exit and met the shunter nose to nose {place}
    """),
    "hazardous-substances": _bullets("""
        - {person} was splashed [in the eye|on the neck|on the forearm] while decanting
          [caustic|descaler|paint stripper], {his} visor being still on its hook
        - [about 40|some 90|nearly 200] litres of [solvent|ferric chloride|spent pickle] ran out of
          a split container, and part of it reached the drain before anybody noticed
        - {person} had [a tight chest|a headache|dizzy spells] after an hour of spraying two-pack
          paint with the extraction switched off
        - acid and bleach were poured into the same tank by mistake, and a yellow cloud drove
          the whole shift out of doors
        - {person} has a rash on {his} hands, which has been put down to the new coolant
        - [flour|resin powder|silica] from a torn filter settled all over the hall, and {person} was
          wheezing by the end of the shift
        - {person} drank from a bottle into which somebody had decanted cleaning fluid
        - {person} spent the night shivering and feverish after a day of welding galvanised
          [brackets|channel|steps] in a corner with no draught
        - a batch frothed over when the [catalyst|hardener|peroxide] went in too fast, and {person}
          had {his} overalls soaked before {he} could get clear
        - a smell of ammonia from the chiller emptied the building, and {person} had breathed
          enough of it to be kept in hospital
        - {person} knelt in wet cement for most of the morning and has burns on both shins
        - a can without a label, taken to hold water, was tipped on to the hot plate and gave off a
          choking vapour
        - mercury from a broken [gauge|thermometer] was swept up with an ordinary brush and
          carried through [two|three] offices on the soles of shoes
        - {person} was told by the clinic that {his} asthma is likely to come from the
          [flux|hardwood|adhesive] that {he} works with every day
        - the wrong hose was coupled at the tank farm, and the two liquids grew so hot that
          the paint on the vessel blistered
    """),
    "confined-spaces": _bullets("""
        - {person} climbed down into the [mixing vessel|settling tank|slurry pit] after [a dropped
          spanner|a lost probe|{his} torch] with no permit and nobody posted at the opening
        - the oxygen reading began to fall minutes after {person} was lowered into the wet well,
          and {he} had to be winched out
        - {person} collapsed at the foot of the shaft, and the colleague who went after {him}
          had to be brought out too
        - the top man at the hatch was called away to another job, and for [ten|twenty] minutes no
          one knew that {person} was still inside the silo
        - the crew went down the [culvert|interceptor|drain] before the air had been sampled,
          because it had been fine the week before
        - argon left from a purge had filled the duct, and {person} passed out with {his} head and
          shoulders through the access panel
        - {person} sank to the waist in [grain|pellets|meal] that had bridged in the bin, and was
          held by {his} line until it was dug away
        - the tripod was in the stores and not at the opening when {person} felt faint at the bottom
          of the [vessel|chamber|pit] and could not climb
        - the blower that fed air to the [tank|hold|tunnel] under repair cut out, and {person}
          was the last to be told
        - {person} went into the digester on the strength of a permit that had been signed for
          the day before
        - contact with {person} was lost for [nine|twelve] minutes while {he} was inside the
          [boiler drum|cable duct|floor void]
        - a hatch blew shut behind {person} in the ballast space, and {his} knocking was heard
          only when the next watch came on
        - the rescue took [forty|fifty] minutes because the stretcher would not pass the manway with
          {person} strapped to it
    """),
    "electrical": _bullets("""
        - {person} took a [belt|jolt|shock] from the casing of [a pump|a hand lamp|a floor
          polisher], whose earth had come adrift
        - there was a flash as {person} put a spanner to the busbar, and {his} [eyebrows|cuffs] were
          singed
        - [a tipper body|a scaffold pole|an excavator arm] touched the 11 kV line over the yard, and
          everybody had to keep away until the network company confirmed that it was dead
        - the trench was dug on an old plan, and {person} drove a [spade|bar|pick] through a buried
          cable that blacked out the block
        - {person} was changing a contactor in a cabinet that {he} took to be dead, when a second
          supply from another board threw {him} back
        - an extension reel, still wound up and feeding [two heaters|a kettle and a heater], melted
          into a lump and filled the mess room with smoke
        - {person} trimmed a flex to length with a knife before pulling out the plug
        - the socket {place} spat and blackened when the [vacuum cleaner|charger|pump] was plugged
          in, and the breaker did not trip
        - {person} felt a tingle from the [tap|handrail|door handle], and a broken neutral was
          traced to the next building
        - a meter probe slipped across two terminals at 400 volts and {person} has burns to {his}
          fingertips
        - a joint made with tape came apart in the wet and put the mains on the frame of the
          bench at which {person} was sitting
        - {person} was found beside the open fuse box, dazed, with a small burn on {his} thumb and
          another on {his} elbow
        - two phases were swapped after the rewiring, and the first that anybody knew of it was a
          bang and a hole in the trunking
    """),
    "cranes-and-hoists": _bullets("""
        - a web sling parted on the sharp edge of [a mould|a die|a coil], and [1.2|1.8|2.5] tonnes
          dropped [half a metre|the height of a table] to the floor
        - the hoist ran past its limit, and the hook block came down a step away from {person}
        - the back wheels of the crane left the ground as the jib went out with the [tank|roof
          unit|precast panel] on it
        - {person} walked under the suspended beam to steady it with {his} hands, and it swung and
          knocked {him} down
        - the load turned in the wind with no tag line on it and went through the window of the
          site cabin
        - a shackle pin worked itself out, and one corner of the [stillage|spreader|hopper] fell
          while {person} was signalling
        - the brake of a chain block slipped and the gearbox sank on to its bed, catching the
          thumb of {person}, who was lining up the bolts
        - an eyebolt that had been turned in by two threads pulled out of the [motor|pump] at head
          height
        - two cranes shared one girder, the signals were mixed up, and it slid out of the chains
          at the lower end
        - the vacuum pads let go of a sheet of [glass|stainless steel] above the [rack|cutting bed]
        - the magnet dropped [a plate|a bundle of scrap] when the driver slewed over the fence
        - the stabiliser of the lorry loader sank through the tarmac, and the boom came to rest
          across the roof of a [van|bus shelter|store]
        - the slinger had hooked on to the strapping and not to the frame, and the crate opened
          [ten|four|six] metres up
    """),
    "vibration": _bullets("""
        - {person}, who has had [six|nine|eleven] winters on the [needle gun|chipping hammer], now
          gets white fingertips on cold mornings
        - {person} could not do up {his} coat after a full shift on the road breaker, and the
          tingling lasted into the next day
        - the yearly check found a weaker grip in {person}, who [dresses castings|polishes
          welds|trims mouldings] with a hand-held tool
        - trigger times for {person} came to three hours on the compactor in a day for which
          [forty|thirty] minutes had been planned
        - {person} says that {his} hands buzz at night, and {he} holds the floor scabbler for
          most of the week
        - {person} is off work with {his} spine, which the doctor puts down to years of jolting on
          the haul road in a seat without springs
        - carpal tunnel surgery has been booked for {person}, and the surgeon asks how long {he}
          spends with the [sander|nutrunner|angle grinder]
        - {person} dropped [a cup|{his} keys|a pen] three times in one break after a morning of
          drilling anchors into the slab, and had no feeling in two fingers
        - the doctor has graded {person} as stage two for hand-arm vibration and wants {him} off
          the hammers for good
        - {person} asked to leave the fettling bench because the vibration of the tool stays in
          {his} hands and keeps {him} awake
        - numbness in both hands was reported by {person} after [two|three] weeks of tamping
          ballast by machine
        - the driver of the old loader passed blood after a day on the quarry floor, its cab
          having bucked at every rut
        - {person} finds that {his} fingers go pale and then throb [at the wheel of {his} car|when
          {he} goes fishing], a legacy of the strimmer and the chainsaw
    """),
    "pressure-systems": _bullets("""
        - the line between compressor and receiver let go at the coupling and whipped across the
          bay, [breaking a window|missing {person} by a metre]
        - a sight glass burst on the [steam boiler|calorifier] and {person} was scalded on the arm
        - {person} cracked a flange on the steam main in the belief that it had been vented, and
          a jet of condensate met {him} in the chest
        - a tyre went off like a bomb while {person} was inflating it outside the cage
        - the door of the autoclave was released at [0.3|0.4|0.6] bar and flew back on its hinge,
          taking {person} with it
        - a gas cylinder fell, its valve sheared off, and it went through the partition into
          the next bay
        - a pinhole in a hydraulic line injected oil under the skin of {person}, who had felt for
          the leak with {his} hand
        - a plug shot out of the pipe under test and buried itself in the wall where {person} had
          been standing
        - the low-water cut-out failed to act, and the boiler tubes had begun to sag by the time
          {person} shut off the burner
        - water hammer split a valve body in the condensate line, and the basement filled with steam
        - the expansion vessel in the plant room tore along its weld during the night
        - {person} blew the dust off {his} overalls with the air line, and an arm with a small cut
          on it swelled to the elbow
        - the relief valve stuck shut when the regulator failed, and the gauge had gone round to its
          stop before {person} closed the supply
    """),
}

FINDINGS = {
    "slips-and-falls": _bullets("""
        - grease from the chain oiler has spread over the chequer plate {place}, and the soles of
          our own boots would not hold on it
        - [four|five|several] treads of the stair to the [mess room|upper store|control room] are
          worn smooth, and the nosing has lifted on two of them
        - [cardboard|banding|offcuts] lay ankle deep in the gangway {place}
        - the open side of the loading bank has neither rail nor chain, with [1.2|1.4] metres to the
          yard below
        - rain from the roof collects {place}, and staff get past by holding on to the racking
        - the ladder to the flat roof has a cracked stile and is still in use
        - the handrail {place} comes away in the hand
        - the mat at the [side|main|canteen] entrance has ridden up into a ridge on which two
          people had stumbled
        - the boards on the north face stop [300|400] mm short of the wall, and there is no toe
          board
        - the ramp to the wash bay is green with algae
        - the lamp over the back stairs has failed, and the bottom step cannot be made out
        - cables for the temporary office are laid loose over the corridor at ankle height
        - a cover is missing from the floor channel {place}, leaving a slot wide enough for a foot
    """),
    "machinery": _bullets("""
        - the nip at the tail drum {place} can be reached through a gap of [80|90|120] mm under the
          fixed guard
        - the red mushroom button on the [wrapper|palletiser|stitcher] did nothing when pressed
        - the screen of the [lathe|mill|pillar drill] had been swung out of the way and its switch
          taped down
        - people clear blockages on [Line 2|Line 3|the sorter] with the drive running, there being
          no jog mode and no written method
        - two fitters had their arms in the gearbox with no lock or tag on the isolator
        - a hole has been cut in the mesh round the robot cell to pass tools through, and a person
          could be inside when it starts
        - the work rest of the pedestal grinder stands [8|9|11] mm off the wheel
        - the coupling between motor and pump is bare, and its cover lay on the floor beside it
        - the press, timed on the day, takes longer to stop than the position of its light curtain
          allows
        - the crown guard and riving knife of the table saw were [in a drawer|on a shelf|missing]
        - the bolts of the hinged covers have been replaced with wing nuts, so that they come off
          without a tool
        - the pull cord along the belt was slack enough to be drawn out by a metre before it tripped
        - trainees use the [guillotine|bandsaw|milling machine] before anybody has signed them off
    """),
    "manual-handling": _bullets("""
        - cartons of [19|23] kg are picked at ankle height and put down above the shoulder, some
          [200|300] times a shift
        - there is no assessment for [turning the moulds|tipping the bins|changing the reels] by
          hand
        - the scissor table that should bring pallets up to the waist has been broken since
          {month}, and people stoop instead
        - the wheels of the roll cages have flat spots, so that it takes two to shove each one
        - packers reach across a belt 80 cm wide all day, turning at the waist, with no rotation
        - sacks carry no mark of their weight, and the one we put on the scale came to [31|34] kg
        - test sets are carried up two floors because the goods hoist is kept for pallets
        - [five|six] of the eight people at the bench spoke of sore shoulders, and the absence
          figures bear them out
        - the procedure asks for two people, yet only one is on the rota
        - drums are walked on their rims from store to line for want of a trolley
        - new starters are shown a film about bending the knees and nothing about the loads that
          they will meet
        - the pull needed to free a stuck trolley was measured at [42|48|51] kg
        - trays are stacked [nine|ten] high, so that the top ones are taken down with the arms at
          full stretch
    """),
    "site-transport": _bullets("""
        - people on foot and lift trucks share one opening {place}, with no barrier between them
        - [two|three] of the [six|seven] trucks had no working [horn|beacon|reversing alarm]
        - keys were left in the tow tractor all through the break, and nobody could say who may
          drive it
        - chocks were not used for any of the [four|five] trailers that we watched being unloaded
        - the one-way system is ignored, and we counted [nine|eleven] vehicles going against the
          arrows in half an hour
        - the mirror at the blind corner {place} is broken and the stop line has worn away
        - visiting hauliers stand about among moving trucks while their trailers are loaded
        - trucks in the main aisle were going at twice the posted limit
        - the seat belt of the telehandler had been fastened behind the driver's back
        - the path from the car park brings people out right behind the reversing bays
        - the edge protection along the haul road is lower than the axle of the dumpers
        - refresher training was out of date for [four|five] of those who drive the reach trucks
        - the yard lights do not reach the trailer park, where shunting goes on until midnight
    """),
    "hazardous-substances": _bullets("""
        - drums of [peroxide|acid|chlorate] stand beside [paint|sawdust|alkali], with one bund under
          both
        - data sheets could not be produced for [five|six|eight] of the products on the shelf
        - the hood {place} drew so little that smoke from a test tube went straight past it
        - the gloves on issue are thin vinyl, which the solvent goes through in minutes
        - the eyewash bottle near the dosing point was [empty|two years past its date|frozen]
        - the samples worn by two of the cutters came to [twice|three times] the limit for silica
        - liquids are kept in drinks bottles without any label
        - nobody who sprays has had a face-fit test, and two of them wear beards
        - a white crust has built up under a weeping flange on the dosing pump
        - no skin checks have been made on the plating line, where they are called for
        - haze from the welding bays hung at head height right across the hall
        - cutting fluid in the older machines has turned rancid and is topped up without being
          tested
        - empty containers with residues in them are stacked in the open by the surface drain
    """),
    "confined-spaces": _bullets("""
        - there is no plan for getting a casualty out of the sump except to ring the fire brigade
        - the manways of [two|three] tanks were open, with nothing to stop a person climbing in
        - the detector that should be used before anybody goes down was out of calibration
        - the register of confined spaces leaves out the [valve chamber|lift
          pit|balance tank]
        - the attendant at the hatch was also looking after a pump on the floor above
        - the tally board did not show the [two|three] people who were inside the vessel
        - the harnesses for hoisting somebody out of the pit were mouldy and had no tags
        - the contractor relining the [tank|chimney|sewer] had a domestic fan for ventilation, and
          oxygen stood at [18.9|19.1] per cent
        - the permit from an earlier job was still open, and two entries had been made under its
          number
        - a man was seen head and shoulders inside the silo with no line on him
        - nobody on nights has been trained for confined spaces, although the [wet
          well|interceptor] is entered every week
        - the line that feeds nitrogen to the [reactor|hopper|bin] is closed by one valve while
          people work in it, and no blank is fitted
    """),
    "electrical": _bullets("""
        - the door of the distribution board {place} stood open, with bare terminals at
          shoulder height
        - hand tools on 230 volts had not been tested since {month} of last year
        - the [kettle|microwave], the heater and the charger hang on one chain of adaptors
        - the insulation of the pendant cable has perished down to the copper
        - the switchroom is in use as a store, with [cardboard|paint|mops] against the panels
        - [two|three] of the five residual current devices did not trip when tested
        - a fuse had been replaced with [a nail|a twist of wire|foil]
        - not one of the fitters had a voltage tester that could be proved before use
        - the drawing of the supply does not show the second feed to the [pump house|annexe]
        - the junction box {place} is full of water and two of its blanks are missing
        - the overhead line crosses the tip without goalposts or a height warning
        - work is done on panels without switching off, as a matter of habit, because
          production will not stop
    """),
    "cranes-and-hoists": _bullets("""
        - the chains in the rack carry no tag, and no certificate of examination could be shown
        - there was no plan for bringing [four|six] tonnes in over an occupied office
        - the safety catch is missing from the hook {place}
        - the safe working load is not marked on the spreader beam
        - the overload cut-out of the jib had been screwed down out of use
        - slings had been knotted to make them shorter
        - the person giving signals had never been trained to do so and stood where the
          operator had no view
        - the outriggers stood on bare clay without mats
        - the upper limit switch of the hoist failed to act when it was tried
        - we counted [nine|fourteen] broken wires in one lay of the rope
        - loads travel over people at the benches, because the gantry has no other way round
        - the eyebolts in the drawer are a mixture of metric and imperial threads
    """),
    "vibration": _bullets("""
        - the points sheet for time on the breakers had not been filled in for [three|four|five]
          weeks
        - blunt chisels and worn bushes make the hammers shake more than their makers intended
        - no vibration figure is known for the orbital sanders, which are held for half of each
          shift
        - castings are pressed against the belt linisher by hand all day, and no record is
          kept of the vibration dose
        - padded gloves are the only measure taken for those who use the [scabbler|needle
          gun|chipping hammer]
        - the seat of the loading shovel has lost its damper, and the driver bounces clear of it
        - [three|four] of nine people ticked the box for pins and needles, and none was sent to
          the doctor
        - the maker gives [9|11|14] metres per second squared for the compactor, which would reach
          the action value in well under an hour
        - the new tools were bought on price, with no thought for what they do to the hands
        - the gang changes round only when somebody complains of dead fingers
        - there has been no health surveillance for vibration in the [fettling shop|grounds
          team|paving gang] for two years
        - the screen house shakes so much that the control desk, where two people sit all shift,
          is over the daily value for the whole body
    """),
    "pressure-systems": _bullets("""
        - the air receiver {place} is past the date in its written scheme of examination
        - the safety valve of boiler 2 had been screwed down, and its seal was broken
        - the gauge of the autoclave showed [0.4|0.6] bar with the door open
        - hoses on the mobile compressor have no whip checks
        - nobody drains the receivers, and there is deep pitting in the bottom of one
        - the lines on the hydraulic power pack bulge and weep at the crimps
        - the steam pipework was altered last year without any calculation or strength test
        - the blow-down of the boiler has not been logged since {month}
        - the relief vent discharges at head height over the path to the [stores|canteen]
        - gas cylinders stood loose {place} with their caps off
        - tyres are inflated on the floor, the cage being full of [scrap|filters|old rims]
        - the protective device on the [cooker|retort|dryer shell] is set above the figure on the
          maker's plate
    """),
}

ACTIONS = {
    "slips-and-falls": _bullets("""
        - floors, stairs and ladders in {area} are to be looked over [weekly|every morning] from
          now on
        - everyone is asked to keep routes clear and to report what could bring a person down
        - the spot was coned off and will be made good before anybody walks there again
        - safe access to the place is at the top of the repair list
        - somebody from outside is to go over the edges, steps and walkways in {area}
        - footwear with a better sole is being tried by [ten|twelve] people
        - the campaign against falls, last run in {month}, will be repeated
        - better light and a firm surface are to be provided there before the winter
    """),
    "machinery": _bullets("""
        - the machine stays shut down until its safeguards have been tested
        - the maker was asked to propose better guarding
        - the lock-off procedure is being taught again to everybody who clears jams
        - each guard, switch and stop in {area} is to be compared with the drawings
        - only those on the list may now set or clear that machine
        - a test of the safety circuit has been added to the start of each shift
        - the rule against reaching in while anything can move was repeated to all crews
        - the machine's risk assessment is being redone with the people who run it
    """),
    "manual-handling": _bullets("""
        - a mechanical aid is to be found, so that nobody need take such a load
        - the job is to be shared by two people and changed over every [hour|half hour]
        - the occupational physiotherapist will watch the task and advise
        - loads in {area} will be made smaller or lifted by machine wherever that can be done
        - anyone with an ache or a strain is asked to see the nurse early
        - a fresh assessment of the load, the posture and the reach is under way
        - heights and distances at the workplace are to be changed so as to spare the back
        - a trainer will spend a day in {area} on how to lift, push and carry
    """),
    "site-transport": _bullets("""
        - the traffic plan of {area} is to be redrawn, with people and vehicles kept apart
        - only drivers on the list may now take a vehicle
        - speed, reversing and parking will be watched for a month by the shift manager
        - hauliers now get a sheet of yard rules in [four|six] languages at the gate
        - the refresher course for drivers has been brought forward to {month}
        - horns, lamps and brakes are to be checked and signed for before each shift
        - a marshal in a yellow jacket will be in the yard at busy hours
        - barriers, mirrors and road markings in {area} are being renewed
    """),
    "hazardous-substances": _bullets("""
        - the product is to be replaced by a less harmful one if such a thing exists
        - everyone who may have been exposed is to see the nurse
        - the assessment for the substance is being written again with measured values
        - chemicals in {area} are to be gone through can by can for storage and labels
        - a specialist will look at the ventilation and at the gloves and masks in use
        - air sampling over a full shift is booked for {month}
        - the supplier has been asked for advice on how to handle it
        - a drill with spill kits and eyewash is to be held on each shift
    """),
    "confined-spaces": _bullets("""
        - entry to any confined space in {area} is stopped until the permit system has been
          looked at again
        - a rescue team with breathing sets will stand by at the opening for each entry
        - the hatches have been locked and the keys given to the permit office
        - personal gas alarms were bought for all who work below ground
        - the confined space training of the whole crew is to be repeated, with a rescue exercise
        - cleaning from outside, with a rotating jet, is to be tried so that entry can cease
        - a means of forcing in fresh air and of watching oxygen is to be provided
        - winch, tripod and harnesses must now be rigged before a cover comes off
    """),
    "electrical": _bullets("""
        - the circuit was made dead and stays so until it has been tested and certified
        - all portable appliances are to be inspected and tested by {month}
        - live working is banned without the signature of the authorised person
        - residual current protection is being added in {area}
        - an electrician has gone over every board, socket and lead in {area}
        - the wiring of the whole building is to have a periodic inspection
        - warning signs about the voltage have been renewed and panels fitted with locks
        - a person responsible for electrical safety has been named for {area}
    """),
    "cranes-and-hoists": _bullets("""
        - the lifting gear was put in quarantine, and the whole set is to be examined
        - an appointed person must now draw up a plan before the hook is used
        - the crane stays out of service until the surveyor has seen it
        - an area is to be roped off under every suspended load
        - corner protectors and tag lines were issued to the slingers
        - a crane with more in hand is to be hired for work of this kind
        - training in rigging and signals has been booked for [four|six] people
        - hooks, ropes and brakes of every hoist in {area} are being checked
    """),
    "vibration": _bullets("""
        - time on the job is limited to [twenty|thirty] minutes a person a day until the vibration
          has been measured
        - worn machines are to be exchanged for models with better damping
        - checks by the occupational health nurse will now be made every six months
        - meters that add up the daily vibration dose have been ordered
        - a way is sought of doing the work by remote control, with nobody holding on
        - warm gloves and a heated cabin were provided, since cold makes it worse
        - exposure in {area} is to be measured, tool by tool and seat by seat
        - work that shakes the hands or the back is to be shared out and timed
    """),
    "pressure-systems": _bullets("""
        - the competent person must examine the system before it is put back under pressure
        - all hoses, valves and vessels in {area} are to be listed and dated
        - relief devices in {area} were sent away to be stripped, set and sealed
        - the plant stays off line until its controls have been proved
        - double block and bleed valves are to be fitted, so that a section can be vented and
          seen to be
        - crews were reminded never to open what may still hold pressure
        - the insurer's boiler and pressure vessel surveyor has been asked to call
        - the written scheme is being redrawn to take in every line and vessel on site
    """),
}

CLEARED = {
    "slips-and-falls": _bullets("""
        - floors and stairs were [dry, lit and clear|in good order] throughout
        - nobody slipped or fell, although that was the first guess of those who heard the noise
        - the new non-slip coating on the walkways is holding up well
        - ladders carried this quarter's tag and had been stored off the ground
        - grit bins were full and the winter plan was on the board
        - handrails were shaken along their whole length and none moved
        - the tripping hazard raised last time has been dealt with, and nothing new was seen
    """),
    "machinery": _bullets("""
        - guards and interlocks on the line were tried one by one and all of them worked
        - the press was stopped and locked off, and played no part in this
        - every emergency stop that we pressed brought the line to a halt
        - the lathe in the corner has been sold and waits, disconnected, for collection
        - padlocks and tags were on the isolator before anybody touched the drive
        - the new robot cell passed its acceptance test and has given no trouble since
        - fixed covers were in place on the conveyors, with the right screws in them
    """),
    "manual-handling": _bullets("""
        - weights were marked on the boxes and none was above 15 kg
        - no lifting or carrying by hand was involved
        - the vacuum lifter has taken the heavy sacks off people's backs, and the crew like it
        - the physiotherapist's visits are going well, with nobody off with a bad back this quarter
        - handling assessments were up to date and the people doing the job had read them
        - trolleys ran freely and there were enough of them
        - packers change places every hour and none of them reported aches
    """),
    "site-transport": _bullets("""
        - trucks and people were kept apart by barriers, and the crossing was being used
        - no vehicle was moving in the yard at the time
        - drivers handed in their keys and waited in the office while they were loaded
        - the forklift parked nearby was on charge with its forks on the floor
        - the truck fleet had its six-monthly examination last week without a remark
        - the new one-way system works as planned and the haulage firm has praised it
        - every driver's licence was seen and every one was current
    """),
    "hazardous-substances": _bullets("""
        - the chemical store was in order, with a dry bund and a data sheet for each product
        - nothing was spilt and air monitoring showed only background values
        - the extraction had been serviced in {month} and pulled well
        - the drum that was thought to be leaking held rainwater
        - the spill kit was sealed and the eyewash ran clear
        - the solvent has been replaced by a water-based cleaner that needs no gloves
        - skin checks were complete and the nurse had nothing to report
    """),
    "confined-spaces": _bullets("""
        - the tank was cleaned from outside with a lance, so that no entry was needed
        - the permit to enter the pit was cancelled unused when the job was put off
        - hatches and manways were bolted shut and signed
        - the yearly rescue drill at the wet well went to plan in under ten minutes
        - the gas detectors were back from calibration and worked
        - a camera now does the silo survey for which somebody used to be lowered in
        - the valve chamber has been opened up on one side and no longer counts as a
          confined space
    """),
    "electrical": _bullets("""
        - an electrician checked the supply and found no fault
        - plugs and leads carried test labels that were in date
        - the switchroom was locked and clear of stores
        - the board had been made dead, proved dead and locked before the cover came off
        - the fixed wiring report arrived with no remarks that matter
        - the buried cable was found by scan and marked out, and the digging kept well away
        - a tripped breaker that caused some alarm had done just what it is there for
    """),
    "cranes-and-hoists": _bullets("""
        - the crane had been sent away the day before and nothing was slung or hoisted
        - slings and shackles were tagged, and the certificates were in the office
        - the lift plan for next week's delivery was read and is a good one
        - the gantry hoist was parked at the far end with its pendant locked
        - the banksman for the mobile crane knew the signals and kept the area below clear
        - the engineer surveyor passed the jib and both chain blocks in {month}
        - the delivery was unloaded by ramp, and the plan to use a crane was dropped
    """),
    "vibration": _bullets("""
        - the breakers are fitted with timers and nobody came near the daily figure
        - the hand and arm questionnaires came back without a single symptom
        - the floor was taken up with a remote machine, and no one had to hold a hammer
        - new low-vibration sanders were delivered in {month}
        - the loader's seat had been replaced and rides well
        - the noise and the shaking that neighbours spoke of came from the railway
        - time on the grinders is shared out and the sheets are kept
    """),
    "pressure-systems": _bullets("""
        - the boiler was cold and drained for its yearly survey
        - the compressor and its receiver were examined in {month} and passed
        - the hiss that staff had heard was a door closer and no air leak was found
        - cylinders were chained, capped and kept apart from the rest
        - the relief valves had come back from the test house with their seals on
        - hydraulic hoses had been changed at the stated interval
        - pressure was let off and the gauge watched to zero before the flange was opened
    """),
}

OTHER = _bullets("""
    - a fire door {place} was held open with [a wedge|an extinguisher|a chair]
    - the first-aid box {place} was short of [plasters|eye pads|gloves]
    - [pigeons|gulls|starlings] are nesting above the door {place}
    - the canteen fridge runs too warm and has been reported twice
    - screens in the planning office reflect the window, and two people complain of tired eyes
    - the sounders of the fire alarm cannot be heard in the rest room
    - the visitors' book had not been signed by [four|five] people who were on site
    - hot water in the washroom takes [six|eight] minutes to come through
    - the perimeter fence has been cut near the old sidings, and children have been seen inside
    - the evacuation chair is kept in a cupboard to which nobody had the key
    - the office is cold in the mornings, with [14|15] degrees measured at eight
    - a wasps' nest was found under the eaves
    - the smoking shelter stands too close to an air intake
    - the notice board still names a first-aider who left in {month}
    - a caller was abusive to the receptionist, and the police were told
    - noise at the [moulding|bottling] line makes it hard to hear the public address
    - the assembly point is full of parked bicycles
    - the muster list for {area} was a year old
    - lone workers have not been given the call-in numbers
    - the extinguishers {place} were last serviced [two|three] years ago
    - the waste contractor missed two collections
    - a member of staff fainted at the desk on a hot afternoon and was well again within minutes
    - the insurance certificate on display has run out
    - night staff have asked for a second microwave and for better lighting at the bus stop
    - the drinking fountain {place} is out of order
    - the key to the defibrillator cabinet could not be found
    - music from personal headphones was noticed at two workplaces
    - the emergency lighting failed its monthly test {place}
    - the agency's proof of identity checks had gaps for [two|three] workers
    - rest breaks were being taken at the desk because the mess room is too small
    - the wind sock has been torn since {month}
    - a stray dog had got into {area} and took [an hour|half a day] to catch
    - the shower room has mould on its ceiling
    - the telephone list at the gate still has the number of the old hospital
    - a contractor's van was broken into overnight
    - two first-aid certificates run out in {month}
""")

BACKGROUND = _bullets("""
    - the shift was [one|two|three] short, and the agency could not help at such notice
    - the camera covers the spot but the recording had been overwritten
    - statements were taken from [two|three|four] people, and they agree on the main points
    - production was [half a day|a week] behind plan at the time
    - the job has been done in the same way for years, and nobody had thought to question it
    - the method statement is dated [2014|2016|2017] and names a manager who has since retired
    - {manager} was told within the hour and came to see at once
    - photographs are on the shared drive under {ref}
    - the induction record was found and is in order
    - the trade union representative was invited and took part
    - the same topic was on the agenda in {month}, but nothing had been decided
    - work in {area} went on as usual in the afternoon
    - most of those present had been at {site} for less than a year
    - the translated version of the instructions had not been handed out
    - the supervisor was covering two areas that [week|day]
    - overtime had been heavy in the run-up to the [audit|shutdown|stocktake]
    - the risk assessment was last looked at in {month}
    - the contractor's paperwork had been checked at the gate
    - a toolbox talk on the subject had been given to [one|two] of the three crews
    - the cost of the stoppage is put at [4,000|7,500|12,000] in round figures
    - some of the details come from memory and may need to be put right later
    - the plant is due to be moved to {other_site} next year, which has held back spending
    - {area} was handed over to the present team in {month}
    - copies of the rota and of the training matrix have been asked for
    - the day crew and the night crew describe the usual practice in quite different ways
    - a new pair of boots and a hard hat were issued from the store
    - the walk through {area} took about [forty minutes|an hour|two hours]
    - the equipment involved has been with us since [2009|2012|2018]
    - we thank everybody who gave up their break to talk to us
    - the nearest comparable case in the group was at {other_site} [two|three] years ago
    - the start of the shift had been put back by [twenty|forty] minutes for a briefing
    - {site} has about [eighty|two hundred|three hundred and fifty] employees on three shifts
    - the matter was raised at the morning meeting and {manager} took it on
    - the relevant page of the log could not be read
    - customers were not affected and no order was late
    - the crew concerned had worked [four|five|six] nights in a row
    - a similar remark was made by the insurer's surveyor in {month} {year}
    - the site rules say little on the point
    - the drawing on the wall is two revisions old
    - {manager} has asked the other sites how they deal with it
    - the work order had been raised in {month} and put back twice
    - most of what follows was confirmed by the people who do the job
    - the area is cleaned by an outside firm whose contract ends in {month}
    - the two people who know most about it were on leave
    - the previous owner left hardly any records
    - nothing in this should be read as blame
    - the language of the crew is mixed, and pictures worked better than words
    - {area} was visited without notice
    - the day was an ordinary one, with a normal load of orders
    - there had been a change of supplier in {month}
    - the new software for reports was down, so this was written by hand first
    - staff were open and helpful throughout
    - some [fifteen|twenty|thirty] people work in {area}, a third of them through agencies
    - a photograph was shown to everybody at the change of shift
    - the budget for such things is held at {other_site}
    - the wording here was agreed with the employees' representative
    - we looked at [four|six|eight] earlier reports from {area} and saw no pattern
    - the person in charge had been in post for [three weeks|a month|two months]
    - {manager} and the works engineer do not quite agree on what should be done first
    - the lesson applies just as much to {other_site}
""")

FURTHER = _bullets("""
    - it was also reported that {event}
    - separately, {event}
    - a second entry under the same date states that {event}
    - people in {area} mentioned besides that {event}
    - it has come out since that {event}
    - another shift reports that {event}
    - in addition, {finding}
    - while this was being looked into it was noticed that {finding}
    - a look round afterwards showed that {finding}
    - it should be added that {finding}
    - there is another point to settle: {finding}
    - not connected with this, but no less in need of attention: {finding}
""")

RELATED_EVENTS = _bullets("""
    - this is more than theory, for {event}
    - in the same connection we heard that {event}
    - how such things end is known: {event}
    - on the same theme, {event}
""")

RELATED_FINDINGS = _bullets("""
    - on the same theme, {finding}
    - in the same connection it was seen that {finding}
    - nor was that all of its kind, for {finding}
    - a check of like matters brought out that {finding}
""")

EVENT_FORMS = (
    Form(
        openings=_bullets("""
            - incident report {ref}, {site}, {date}
            - this report sets out what is known about an occurrence in {area} at {site} on {date}
            - entry {ref} was made in the accident book at {site} on {date} by {manager}, who was
              in charge of {area}
            - first account of an event at {site}, compiled by {manager} on {date}
        """),
        leads=_bullets("""
            - {event}
            - it is [understood|established] that {event}
            - according to [two people nearby|the supervisor|the log], {event}
            - in short, {event}
        """),
        closings=_bullets("""
            - [the investigation|the enquiry] is led by {manager} and should close by {deadline}
            - a full report will follow
            - the immediate cause is plain, but [the root causes are|the reasons behind it are] not
            - interim measures were agreed on the day and will be reviewed by {deadline}
            - classed as [reportable|non-reportable] pending advice from head office
        """),
    ),
    Form(
        openings=_bullets("""
            - safety notice {ref}: please read this out at the start of the shift
            - for the notice boards at {site}, {date}
            - flash report from {site}: share it with your team this week
            - learning from events, number {number}
        """),
        leads=_bullets("""
            - {event}
            - we have learned that {event}
            - at {site}, {event}
        """),
        closings=_bullets("""
            - ask yourself whether it could happen where you work
            - if you see the same thing, stop and tell {manager}
            - talk it over with your crew and send what you decide to {manager}
            - take a minute before you start
        """),
    ),
    Form(
        openings=_bullets("""
            - to: all team leaders, {site}. from: {manager}. subject: what happened
              on {date}
            - hi all, a few lines about [this week|yesterday|the late shift] in {area}
            - morning everyone, you will have heard talk about {area}, so here is what we know
            - dear colleagues, this is to keep you informed of events at {site}
        """),
        leads=_bullets("""
            - {event}
            - we now know that {event}
            - as some of you saw, {event}
        """),
        closings=_bullets("""
            - please pass this on and come to me with questions. {manager}
            - we will talk about it at Monday's briefing. regards, {manager}
            - thanks for your help in sorting this out. {manager}
            - no names, no blame, but let us not have it again. {manager}
        """),
    ),
    Form(
        openings=_bullets("""
            - minutes of the safety committee, {site}, {date}, item {number}
            - health and safety meeting at {site}: matters arising from {month}
            - extract from the minutes, works council, {date}
        """),
        leads=_bullets("""
            - {manager} reported that {event}
            - members heard that {event}
            - the chair explained that {event}
        """),
        closings=_bullets("""
            - action: {manager} by {deadline}
            - the item stays open until the next meeting
            - the committee took note and asked for a short paper
            - agreed without a vote
        """),
    ),
    Form(
        openings=_bullets("""
            - notes for the insurer, file {ref}, {date}
            - claim summary, {site}, our file {ref}
            - we act for the operator of {site} and write about the matter notified on {date}
        """),
        leads=_bullets("""
            - the account given to us is that {event}
            - it is not disputed that {event}
            - in brief, {event}
        """),
        closings=_bullets("""
            - liability is [not admitted|under review], and we hold the papers at your disposal
            - we would set the reserve at [8,000|15,000|22,000] for the time being
            - medical evidence is awaited
            - please confirm cover by {deadline}
        """),
    ),
)

VISIT_FORMS = (
    Form(
        openings=_bullets("""
            - inspection of {area}, {site}, {date}
            - monthly inspection {ref}, {site}: {manager} and the area owner took part
            - findings from the planned inspection of {area} on {date}
        """),
        leads=_bullets("""
            - {finding}
            - it was found that {finding}
            - for action: {finding}
            - the main point is that {finding}
        """),
        closings=_bullets("""
            - owner: {manager}, due by {deadline}
            - the next visit will be before {deadline}
            - overall score [71|78|84|89] per cent
            - points are to be closed in the tracker by {deadline}
        """),
    ),
    Form(
        openings=_bullets("""
            - dear {manager}, I write further to my visit to {site} on {date}
            - dear {manager}, thank you for showing us round {area} on {date}
            - dear {manager}, this confirms what we discussed at {site} on {date}
        """),
        leads=_bullets("""
            - {finding}
            - as I said at the time, {finding}
            - I have to tell you that {finding}
            - we drew attention to the fact that {finding}
            - during the visit I was told that {event}
        """),
        closings=_bullets("""
            - please let me have your reply by {deadline}. yours sincerely, {writer}
            - I shall call again in the new quarter. yours sincerely, {writer}
            - a copy of this letter goes to the employees' representative. yours faithfully,
              {writer}
        """),
    ),
    Form(
        openings=_bullets("""
            - observation card {ref}, {site}
            - observation card, {area}, {date}, handed in by a member of the [day|late|night] shift
            - card {number} of {month}, from {area}
        """),
        leads=_bullets("""
            - {finding}
            - what I saw: {finding}
            - {event}
        """),
        closings=_bullets("""
            - I spoke to [those present|the team leader], who agreed to see to it
            - feedback wanted: [yes|no]
            - passed to {manager}
            - suggestion: put it on the list for the next shutdown
        """),
    ),
    Form(
        openings=_bullets("""
            - internal audit {ref}, {site}, extract
            - audit of {site} by the group safety team, {date}, section {number}
            - follow-up audit at {site}: {area}
        """),
        leads=_bullets("""
            - {finding}
            - evidence was seen that {finding}
            - contrary to the site's own rules, {finding}
            - records examined on site show that {event}
        """),
        closings=_bullets("""
            - rated [minor|moderate|major]
            - management response is due by {deadline}
            - the auditor thanks {manager} for an open discussion
            - repeat finding: [yes|no]
        """),
    ),
    Form(
        openings=_bullets("""
            - hello {manager}, I walked round {area} with [the shop steward|two of the team] on
              {date}
            - {manager}, here are my notes from {site} before I forget
            - hi {manager}, as promised, a summary of what I picked up in {area}
        """),
        leads=_bullets("""
            - {finding}
            - what struck me most is that {finding}
            - you may know already that {finding}
            - they told me that {event}
        """),
        closings=_bullets("""
            - can we talk it through on Thursday? {writer}
            - I will log it unless you get there first. best wishes, {writer}
            - shout if I have got any of this wrong. {writer}
        """),
    ),
)

ROLES = (
    "fitter",
    "operator",
    "packer",
    "cleaner",
    "agency worker",
    "apprentice",
    "team leader",
    "technician",
    "labourer",
    "contractor",
    "maintenance assistant",
    "trainee",
    "shift worker",
    "production assistant",
    "engineer",
    "storekeeper",
    "temporary worker",
    "young worker",
    "night operator",
    "service engineer",
)

PRONOUNS = (
    {"he": "he", "his": "his", "him": "him", "himself": "himself"},
    {"he": "she", "his": "her", "him": "her", "himself": "herself"},
)

WORDS = {
    "date": (
        "{day} {month}",
        "{day} {month} {year}",
        "the {nth} of {month}",
    ),
    "day": tuple(str(day) for day in range(1, 29)),
    "nth": ("2nd", "4th", "5th", "9th", "11th", "13th", "16th", "19th", "22nd", "23rd", "27th"),
    "month": (
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
    "year": ("2021", "2022", "2023", "2024"),
    "deadline": (
        "the end of next month",
        "the end of the quarter",
        "the next meeting",
        "Friday week",
        "the middle of next month",
        "the end of the year",
    ),
    "number": ("2", "3", "4", "5", "6", "7", "9", "12", "15", "17", "21"),
    "ref": ("HS-{digit}{digit}{digit}", "{digit}{digit}{digit}/{digit}{digit}", "R{digit}{digit}"),
    "digit": ("1", "2", "3", "4", "5", "6", "7", "8", "9"),
    "site": (
        "Harwick Works",
        "Ellesby Depot",
        "Stanmoor Mill",
        "Tarn Quay",
        "Cold Aston Plant",
        "Brigg Lane",
        "Fernhill Quarry",
        "Port Lorne",
        "Denby Foundry",
        "Marle Park",
        "Saltley Distribution Centre",
        "Upper Wenning",
    ),
    "other_site": ("Castle Dyke", "Netherby", "Orford Street", "Rushmere", "Thornley"),
    "area": (
        "Building 4",
        "Hall B",
        "the north plant",
        "Unit 7",
        "the west wing",
        "Block C",
        "the old yard",
        "Section 12",
        "the new extension",
        "Zone 3",
        "the lower works",
    ),
    "manager": (
        "Ms Okafor",
        "Mr Brandt",
        "Mrs Lindqvist",
        "Dr Rahman",
        "Mr Pascoe",
        "Ms Delaney",
        "Mr Kowalski",
        "Mrs Achebe",
        "Ms Trevelyan",
        "Mr Singh",
        "Ms Moreau",
        "Mr Hallam",
    ),
    "writer": ("K Marsh", "J Oduya", "P Feldman", "S Whitcombe", "A Nowak", "R Castellan"),
    "place": (
        "by the goods-in door",
        "near column 14",
        "at the north end of the hall",
        "outside the canteen",
        "beside Line 3",
        "next to the lockers",
        "by the despatch office",
        "behind the compressor house",
        "at the foot of the silos",
        "near the loading bay",
        "by the workshop door",
        "between the two halls",
        "opposite the control room",
        "close to the main gate",
        "by the returns desk",
        "in the corridor to the laboratory",
        "at the back of Bay 6",
        "under the mezzanine",
        "in the annexe",
        "near the wash bay",
    ),
}
